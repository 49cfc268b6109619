// What `apps:report` tells of an app besides its properties.
import { field } from './format.ts'
import { observe } from './observe.ts'
import type { Facts } from './report-command.ts'

export const appFacts: Facts = async (context, only) => {
  const observed = await observe(context, only)
  return (each) => [
    field('createdAt', 'App created at', each.createdAt),
    field('state', 'App state', observed.state(each)),
    field('release', 'App release', each.live?.release ?? null),
    field('urls', 'App urls', context.urls(each)),
  ]
}
