// ports:*: ports of the host that lead to an app.
import type { Settings } from '../config/settings.ts'
import {
  type AppName,
  formatPortMapping,
  type PortMapping,
  parsePort,
  parsePortMapping,
} from '../core/app.ts'
import { failure } from '../core/errors.ts'
import { app, type Call, type Command, declare, many } from './command.ts'
import { columns, field, format, json } from './format.ts'
import { declareReport } from './report-command.ts'
import { changeRoutes } from './reroute.ts'

const mappings = many(
  'scheme:host-port:container-port',
  'Mappings such as http:8000:5000 or tcp:5432:5432.',
  parsePortMapping,
)

/** @throws port-taken for a port that Crew itself listens on, or that is there twice */
function checkPorts(wanted: readonly PortMapping[], settings: Settings): void {
  const owners = new Map([
    [settings['router-http-port'], 'the router, for every app'],
    [settings['ssh-port'], "Crew's SSH server"],
  ])
  for (const { hostPort } of wanted) {
    const owner = owners.get(hostPort)
    if (owner !== undefined) throw failure('port-taken', { port: hostPort, owner })
    owners.set(hostPort, 'another mapping of this app')
  }
}

async function store(call: Call<unknown, unknown>, name: AppName, wanted: readonly PortMapping[]) {
  const { context, actor, report } = call
  const { routes } = context.store
  checkPorts(wanted, context.settings)
  const sorted = wanted.toSorted((a, b) => a.hostPort - b.hostPort)
  await changeRoutes(
    context,
    {
      apps: [name],
      read: () => routes.ports(name),
      write: (value: readonly PortMapping[]) => routes.setPorts(name, value),
      wanted: sorted.map(({ scheme, hostPort, containerPort }) => ({ scheme, hostPort, containerPort })),
    },
    actor,
  )
  report.step(`Ports of ${name}: ${sorted.map(formatPortMapping).join(' ') || 'none'}`)
}

const add = declare({
  name: 'ports:add',
  summary: 'Adds ports of the host that lead to an app.',
  arguments: [app, mappings],
  options: {},
  access: 'any',
  async handler(call) {
    const { name } = call.context.store.apps.get(call.args.app)
    const now = call.context.store.routes.ports(name)
    const there = new Set(now.map(formatPortMapping))
    const added = call.args[mappings.name].filter((mapping) => !there.has(formatPortMapping(mapping)))
    await store(call, name, [...now, ...added])
  },
})

const list = declare({
  name: 'ports:list',
  summary: 'Lists the ports of the host that lead to an app.',
  arguments: [app],
  options: { format },
  access: 'any',
  async handler({ context, args, options, write }) {
    const found = context.store.routes.ports(args.app)
    if (options.format === 'json') return await write(json(found.map((mapping) => ({ ...mapping }))))
    const rows = found.map((m) => [m.scheme, String(m.hostPort), String(m.containerPort)])
    const table = columns([['scheme', 'host port', 'container port'], ...rows], '       ')
    await write(`-----> Port mappings for ${args.app}\n${table}`)
  },
})

/** Reads `8000`, or the whole mapping. */
const parseRemoved = (text: string) =>
  text.includes(':') ? formatPortMapping(parsePortMapping(text)) : parsePort(text)

const remove = declare({
  name: 'ports:remove',
  summary: 'Takes ports of the host away from an app.',
  arguments: [app, many('host-port', 'Ports of the host, or whole mappings.', parseRemoved)],
  options: {},
  access: 'any',
  async handler(call) {
    const { name } = call.context.store.apps.get(call.args.app)
    const now = call.context.store.routes.ports(name)
    const is = (mapping: PortMapping, wanted: string | number) =>
      wanted === mapping.hostPort || wanted === formatPortMapping(mapping)
    for (const wanted of call.args['host-port']) {
      if (!now.some((mapping) => is(mapping, wanted)))
        throw failure('not-found', {
          what: 'port',
          name: `${wanted} of ${name}`,
          hint: `ports:list ${name} shows those there are`,
        })
    }
    const gone = call.args['host-port']
    await store(
      call,
      name,
      now.filter((mapping) => !gone.some((wanted) => is(mapping, wanted))),
    )
  },
})

const set = declare({
  name: 'ports:set',
  summary: 'Replaces the ports of the host that lead to an app.',
  arguments: [app, mappings],
  options: {},
  access: 'any',
  async handler(call) {
    const { name } = call.context.store.apps.get(call.args.app)
    await store(call, name, call.args[mappings.name])
  },
})

const report = declareReport({
  group: 'ports',
  summary: 'Shows the ports of the host that lead to an app.',
  title: 'ports information',
  facts: async (context) => (each) => [
    field('map', 'Ports map', context.store.routes.ports(each.name).map(formatPortMapping)),
  ],
})

export const portsCommands: readonly Command[] = [add, list, remove, report, set]
