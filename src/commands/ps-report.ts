// Facts of ps:report beside the properties: what is meant to run, and each container there is.
import type { ContainerStatus } from '../deployer/status.ts'
import { field } from './format.ts'
import { formationOf, observe } from './observe.ts'
import type { Facts } from './report-command.ts'

const statusLine = ({ type, index, state, health, container, current }: ContainerStatus) => {
  const checked = health === 'healthy' || health === 'unhealthy' ? `, ${health}` : ''
  const text = `${state}${checked} (CID: ${container.id.slice(0, 12)})${current ? '' : ' on its way in or out'}`
  return [`Status ${type} ${index}`, text] as const
}

export const psFacts: Facts = async (context, only) => {
  const observed = await observe(context, only)
  return (app) => {
    const containers = observed.containers(app)
    const formation = formationOf(context, app)
    const processes = Object.values(formation).reduce((sum, count) => sum + count, 0)
    return [
      field('deployed', 'Deployed', app.live !== null),
      field('processes', 'Processes', processes),
      field('state', 'State', observed.state(app)),
      field(
        'containers',
        'Containers',
        containers === null
          ? null
          : containers.map((each) => ({ ...each, container: { ...each.container } })),
        containers === null
          ? [['Containers', 'unknown: the engine does not answer']]
          : containers.map(statusLine),
      ),
    ]
  }
}
