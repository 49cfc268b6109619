// domains:*: host names by which the router tells apps apart.
import { type AppName, parseDomain } from '../core/app.ts'
import { failure } from '../core/errors.ts'
import { app, type Call, type Command, declare, many, optional } from './command.ts'
import type { Context } from './context.ts'
import { field } from './format.ts'
import { declareReport } from './report-command.ts'
import { changeRoutes } from './reroute.ts'

/** Key of Store.meta of the domain that domains:set-global set. */
export const GLOBAL_DOMAIN = 'global-domain'

const globalDomain = ({ store, settings }: Context) => store.meta(GLOBAL_DOMAIN) ?? settings.domain
const domainsOf = (context: Context, name: AppName) => {
  const own = context.store.routes.domains(name)
  return own.length > 0 ? own : [`${name}.${globalDomain(context)}`]
}

/** @throws exists when another app answers on it by its name */
function checkDomain(context: Context, name: AppName, domain: string): void {
  const owner = context.store.apps.list().find((other) => domain === `${other.name}.${globalDomain(context)}`)
  if (owner && owner.name !== name && context.store.routes.domains(owner.name).length === 0)
    throw failure('exists', { what: 'domain', name: domain, hint: `app ${owner.name} answers on it` })
}

async function store(call: Call<unknown, unknown>, name: AppName, wanted: readonly string[]) {
  const { context, actor, report } = call
  const { routes } = context.store
  for (const domain of wanted) checkDomain(context, name, domain)
  await changeRoutes(
    context,
    {
      apps: [name],
      read: () => routes.domains(name),
      write: (value: readonly string[]) => routes.setDomains(name, value),
      wanted: [...new Set(wanted)].toSorted(),
    },
    actor,
  )
  report.step(`Domains of ${name}: ${domainsOf(context, name).join(' ')}`)
}

const domains = many('domain', 'Domains.', parseDomain)

const add = declare({
  name: 'domains:add',
  summary: 'Adds domains to an app.',
  arguments: [app, domains],
  options: {},
  access: 'any',
  async handler(call) {
    const { name } = call.context.store.apps.get(call.args.app)
    await store(call, name, [...call.context.store.routes.domains(name), ...call.args.domain])
  },
})

const clear = declare({
  name: 'domains:clear',
  summary: 'Removes the domains of an app; it answers on <app>.<global domain> again.',
  arguments: [app],
  options: {},
  access: 'any',
  async handler(call) {
    await store(call, call.context.store.apps.get(call.args.app).name, [])
  },
})

const remove = declare({
  name: 'domains:remove',
  summary: 'Removes domains from an app.',
  arguments: [app, domains],
  options: {},
  access: 'any',
  async handler(call) {
    const { name } = call.context.store.apps.get(call.args.app)
    const now = call.context.store.routes.domains(name)
    const missing = call.args.domain.find((domain) => !now.includes(domain))
    if (missing !== undefined)
      throw failure('not-found', {
        what: 'domain',
        name: `${missing} of ${name}`,
        hint: `domains:report ${name} shows those there are`,
      })
    await store(
      call,
      name,
      now.filter((domain) => !call.args.domain.includes(domain)),
    )
  },
})

const set = declare({
  name: 'domains:set',
  summary: 'Replaces the domains of an app.',
  arguments: [app, domains],
  options: {},
  access: 'any',
  async handler(call) {
    await store(call, call.context.store.apps.get(call.args.app).name, call.args.domain)
  },
})

const setGlobal = declare({
  name: 'domains:set-global',
  summary: 'Sets the domain below which apps without domains of their own answer.',
  arguments: [optional('domain', 'The domain; without one the setting `domain` holds again.', parseDomain)],
  options: {},
  access: 'any',
  async handler({ context, args, actor, report }) {
    const { store } = context
    const apps = store.apps.list().filter(({ name }) => store.routes.domains(name).length === 0)
    await changeRoutes(
      context,
      {
        apps: apps.map(({ name }) => name),
        read: () => store.meta(GLOBAL_DOMAIN) ?? null,
        write: (value: string | null) => store.setMeta(GLOBAL_DOMAIN, value),
        wanted: args.domain ?? null,
      },
      actor,
    )
    report.step(`Global domain: ${globalDomain(context)}`)
  },
})

const report = declareReport({
  group: 'domains',
  summary: 'Shows the domains of an app.',
  title: 'domains information',
  facts: async (context) => (each) => [
    field('appVhosts', 'Domains app vhosts', context.store.routes.domains(each.name)),
    field('computedVhosts', 'Domains computed vhosts', domainsOf(context, each.name)),
    field('globalVhosts', 'Domains global vhosts', [globalDomain(context)]),
  ],
})

export const domainsCommands: readonly Command[] = [add, clear, remove, report, set, setGlobal]
