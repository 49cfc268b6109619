// `<group>:set` and `<group>:report` for every group of config/properties.ts.
import {
  isProperty,
  type PropertyName,
  propertiesTable,
  propertyNames,
  resolveProperties,
} from '../config/properties.ts'
import type { App } from '../core/app.ts'
import { failure } from '../core/errors.ts'
import { appFacts } from './apps-report.ts'
import { quoted } from './arguments.ts'
import { app, type Call, type Command, declare, one, optional, text } from './command.ts'
import type { Context } from './context.ts'
import { type Field, field } from './format.ts'
import { gitFacts } from './git-report.ts'
import { written } from './property-text.ts'
import { psFacts } from './ps-report.ts'
import { declareReport, type Facts } from './report-command.ts'

interface Group {
  readonly about: string
  /** When a change takes effect. */
  readonly since: string
  readonly facts?: Facts
  /** Of its report; `<group> information` by default. */
  readonly title?: string
  readonly reportAbout?: string
}

const groups: Readonly<Record<string, Group>> = {
  apps: {
    about: 'what an app is',
    since: 'the next build',
    title: 'app information',
    reportAbout: 'what an app is: its state, its release, where it answers',
    facts: appFacts,
  },
  builder: { about: 'where and from what an app is built', since: 'the next build' },
  'builder-dockerfile': { about: 'how an app is built', since: 'the next build' },
  checks: { about: 'how an app proves healthy', since: 'the next deploy' },
  git: { about: 'the repository of an app', since: 'the next push', facts: gitFacts },
  ps: { about: 'the processes of an app', since: 'the next deploy or ps:restart', facts: psFacts },
  resource: { about: 'what the containers of an app may use', since: 'the next deploy or ps:restart' },
}

const nameOf = (name: PropertyName) => name.slice(name.indexOf('.') + 1)
const propertiesOf = (group: string) => propertyNames.filter((name) => name.startsWith(`${group}.`))
const camelCase = (text: string) => text.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())
const words = (text: string) => text.replaceAll('-', ' ')
const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)

/** Two facts of each property: what was set for the app, and what holds. */
function propertyFields(context: Context, group: string, { name }: App): Field[] {
  const own = new Map(Object.entries(context.store.properties.all(name)))
  const resolved = resolveProperties(Object.fromEntries(own), context.settings)
  const prefix = capital(words(group))
  return propertiesOf(group).flatMap((property) => {
    const short = nameOf(property)
    return [
      field(camelCase(short), `${prefix} ${words(short)}`, own.get(property) ?? null),
      field(
        camelCase(`computed-${short}`),
        `${prefix} computed ${words(short)}`,
        written(property, resolved),
      ),
    ]
  })
}

/** @throws not-found naming the properties there are */
function propertyCalled(group: string, short: string): PropertyName {
  const name = `${group}.${short}`
  if (isProperty(name)) return name
  throw failure('not-found', {
    what: `${group} property`,
    name: quoted(short),
    hint: `there are: ${propertiesOf(group).map(nameOf).join(', ')}`,
  })
}

/** Sets properties of an app, each checked first; an empty value goes back to the default. */
export function setProperties(
  { context, report }: Pick<Call<unknown, unknown>, 'context' | 'report'>,
  { name }: App,
  group: string,
  values: Readonly<Record<string, string>>,
): void {
  const set = new Map<PropertyName, string>()
  const unset: PropertyName[] = []
  for (const [short, value] of Object.entries(values)) {
    const property = propertyCalled(group, short)
    if (value === '') unset.push(property)
    else {
      propertiesTable[property].parse(value)
      set.set(property, value)
    }
  }
  context.store.properties.change(name, Object.fromEntries(set), unset)
  for (const [property, value] of set) report.step(`Setting ${nameOf(property)} to ${value}`)
  for (const property of unset) report.step(`Unsetting ${nameOf(property)}`)
  report.line(`It holds from ${groups[group]?.since ?? 'the next deploy'} on.`)
}

const setCommand = (group: string, { about }: Group) =>
  declare({
    name: `${group}:set`,
    summary: `Sets a property of ${about}: ${propertiesOf(group).map(nameOf).join(', ')}.`,
    arguments: [
      app,
      one(
        'property',
        propertiesOf(group)
          .map((name) => `${nameOf(name)}: ${propertiesTable[name].doc}`)
          .join(' '),
        text,
      ),
      optional('value', 'Its value; without one it goes back to the default.', text),
    ],
    options: {},
    access: 'any',
    async handler(call) {
      const found = call.context.store.apps.get(call.args.app)
      setProperties(call, found, group, { [call.args.property]: call.args.value ?? '' })
    },
  })

const reportCommand = (group: string, { about, facts, title, reportAbout = about }: Group) =>
  declareReport({
    group,
    summary: `Shows ${reportAbout}.`,
    title: title ?? `${words(group)} information`,
    async facts(context, only) {
      const others = await facts?.(context, only)
      return (each) => [...(others?.(each) ?? []), ...propertyFields(context, group, each)]
    },
  })

export const propertyCommands: readonly Command[] = Object.entries(groups).flatMap(([name, group]) => [
  reportCommand(name, group),
  setCommand(name, group),
])

/** Groups of the table that have no commands; a test holds it empty. */
export const groupsWithoutCommands = () =>
  [...new Set(propertyNames.map((name) => name.slice(0, name.indexOf('.'))))].filter(
    (group) => !Object.hasOwn(groups, group),
  )
