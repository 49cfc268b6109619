// Reads the settings: the flag is --<name>, the environment variable CREW_<NAME>, the file <root>/settings.conf with
// `name = value` lines.

import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type CrewError, failure, isFailure, messageOf } from '../core/errors.ts'
import { type Setting, settingsTable } from './settings-table.ts'

export type SettingName = keyof typeof settingsTable

/** The value of every setting. */
export type Settings = {
  readonly [N in SettingName]: (typeof settingsTable)[N] extends Setting<infer T> ? T : never
}

export const settingNames = Object.keys(settingsTable) as SettingName[]

/** Environment variable of a setting: CREW_SSH_PORT for ssh-port. */
export const variableOf = (name: SettingName) => `CREW_${name.toUpperCase().replaceAll('-', '_')}`

const isSetting = (name: string): name is SettingName => Object.hasOwn(settingsTable, name)

function invalid(name: string, source: string, problem: string, hint: string): CrewError {
  return failure('setting-invalid', { setting: `${name} (${source})`, problem, hint })
}

function parseSetting(name: SettingName, value: string, source: string): unknown {
  try {
    return settingsTable[name].kind.parse(value)
  } catch (error) {
    throw invalid(name, source, messageOf(error), isFailure(error) ? error.hint : settingsTable[name].doc)
  }
}

/** Reads `name = value` lines; `#` begins a comment line. @throws setting-invalid */
export function parseSettingsFile(content: string, file: string): Partial<Record<SettingName, string>> {
  const values: Partial<Record<SettingName, string>> = {}
  for (const [index, raw] of content.split('\n').entries()) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    const equals = line.indexOf('=')
    const name = line.slice(0, Math.max(0, equals)).trim()
    if (!isSetting(name))
      throw invalid(
        name || line,
        `${file}:${index + 1}`,
        'there is no such setting',
        'docs/settings.md lists them',
      )
    values[name] = line.slice(equals + 1).trim()
  }
  return values
}

export interface SettingSources {
  /** From the command line, by setting name. */
  readonly flags?: Partial<Record<SettingName, string>>
  readonly env?: NodeJS.ProcessEnv
  /** Content of the settings file; by default read from the root, absent is empty. */
  readonly file?: string
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (
      (error as NodeJS.ErrnoException).code === 'ENOENT' ||
      (error as NodeJS.ErrnoException).code === 'EACCES'
    )
      return ''
    throw error
  }
}

/**
 * Every setting from flag, environment, file, default, in this order. DOCKER_HOST stands in for engine-host
 * when nothing names that.
 * @throws setting-invalid
 */
export function loadSettings({ flags = {}, env = {}, file }: SettingSources): Settings {
  const root = resolve(flags.root ?? env[variableOf('root')] ?? settingsTable.root.default)
  const path = join(root, 'settings.conf')
  const fromFile = parseSettingsFile(file ?? readIfThere(path), path)
  const values: Record<string, unknown> = {}
  for (const name of settingNames) {
    const variable = env[variableOf(name)]
    const dockerHost = name === 'engine-host' ? env.DOCKER_HOST : undefined
    if (flags[name] !== undefined) values[name] = parseSetting(name, flags[name], `--${name}`)
    else if (variable !== undefined && variable !== '')
      values[name] = parseSetting(name, variable, variableOf(name))
    else if (fromFile[name] !== undefined) values[name] = parseSetting(name, fromFile[name], path)
    else if (dockerHost !== undefined && dockerHost !== '')
      values[name] = parseSetting(name, dockerHost, 'DOCKER_HOST')
    else values[name] = parseSetting(name, settingsTable[name].default, 'default')
  }
  return { ...(values as Settings), root }
}
