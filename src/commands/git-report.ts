// Facts of git:report beside the properties: which commit runs, and since when.
import { field } from './format.ts'
import type { Facts } from './report-command.ts'

export const gitFacts: Facts =
  async ({ store }) =>
  (app) => {
    const live = app.live ? store.releases.get(app.name, app.live.release) : undefined
    return [
      field('sha', 'Git sha', live?.commit ?? null),
      field('lastUpdatedAt', 'Git last updated at', live?.createdAt ?? null),
    ]
  }
