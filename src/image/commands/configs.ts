// skiff configs: the packages there are, and what their layers say of a symbol.
import { failure } from '../../core/errors.ts'
import { explainSymbol, explanation, nearSymbol } from '../layers/explain.ts'
import { mergeLayers } from '../layers/layers.ts'
import type { Catalogue } from '../packages/catalogue.ts'
import type { ConfigPackage } from '../packages/package.ts'
import { type Opened, openWorkspace, resolveWorkspace } from '../workspace/open.ts'
import { columns, type ImageCall, type ImageCommand, json, jsonOption } from './command.ts'

/** @throws package-invalid, package-path */
export async function readAll(catalogue: Catalogue): Promise<ConfigPackage[]> {
  const packages = await Promise.all(catalogue.names.map((name) => catalogue.get(name)))
  return packages.filter((each) => each !== undefined)
}

/** Rows for people: marked when they are in the chain. */
export const packageRows = (packages: readonly ConfigPackage[], chain: readonly string[]): string[][] =>
  packages.map(({ name, description }) => [chain.includes(name) ? '*' : ' ', name, description])

/** Names of the chain in order; empty when there is none yet. */
async function chainNames(opened: Opened): Promise<string[]> {
  if (opened.asked === undefined) return []
  const { chain } = await resolveWorkspace(opened)
  return chain.packages.map(({ name }) => name)
}

async function list({ context, options }: ImageCall): Promise<undefined> {
  const opened = await openWorkspace(context)
  const all = await readAll(opened.catalogue)
  const chain = await chainNames(opened)
  for (const path of opened.catalogue.ignored)
    context.report.warn(`${path} is passed over: its name is no package's`)
  if (options.json) {
    context.write(json({ packages: all, chain, asked: opened.asked ?? [] }))
    return
  }
  const shown = options.all ? all : all.filter(({ name, unlisted }) => !unlisted || chain.includes(name))
  context.write(columns(packageRows(shown, chain)))
  if (chain.length > 0) context.write(`\nlayers of workspace ${opened.name}, later ones win:\n`)
  for (const name of chain) context.write(`    ${name}\n`)
}

async function explain({ context, words, options }: ImageCall): Promise<undefined> {
  const symbol = words[1]
  if (symbol === undefined)
    throw failure('usage', {
      problem: 'configs explain: a symbol is missing',
      usage: 'skiff configs explain <SYMBOL>',
    })
  const { chain } = await resolveWorkspace(await openWorkspace(context))
  const layers = await mergeLayers(chain.packages)
  const found = explainSymbol(layers, symbol)
  if (found.length === 0) {
    const near = nearSymbol(layers, symbol)
    throw failure('not-found', {
      what: `in the layers ${chain.packages.map(({ name }) => name).join(', ')} the symbol`,
      name: JSON.stringify(symbol.slice(0, 80)),
      hint:
        near === undefined
          ? 'symbols are written as in the fragments, such as BR2_PACKAGE_GIT'
          : `did you mean ${near}?`,
    })
  }
  context.write(options.json ? json(found) : found.map(explanation).join('\n'))
}

export const configsCommand: ImageCommand = {
  name: 'configs',
  summary: 'Lists configuration packages; explain shows what each layer says of a symbol.',
  words: '[explain <SYMBOL>]',
  count: [0, 2],
  options: { ...jsonOption, all: { doc: 'List also those that are of use to other packages only.' } },
  async run(call) {
    const [word] = call.words
    if (word === undefined) return list(call)
    if (word === 'explain') return explain(call)
    throw failure('usage', {
      problem: `configs: ${JSON.stringify(word)} is not known`,
      usage: 'skiff configs [explain <SYMBOL>]',
    })
  },
}
