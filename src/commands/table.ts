// The table: every command of Crew, by name.
import { appsCommands } from './apps.ts'
import { buildArgsCommands } from './build-args.ts'
import type { Command } from './command.ts'
import { configCommands } from './config.ts'
import { domainsCommands } from './domains.ts'
import { helpCommand } from './help.ts'
import { logsCommands } from './logs.ts'
import { portsCommands } from './ports.ts'
import { propertyCommands } from './properties.ts'
import { psCommands } from './ps.ts'
import { registryCommands } from './registry.ts'
import { releasesCommands } from './releases.ts'
import { resourceCommands } from './resource.ts'
import { scratchCommands } from './scratch.ts'
import { scratchCacheCommands } from './scratch-cache.ts'
import { sshKeysCommands } from './ssh-keys.ts'
import { systemCommands } from './system.ts'
import { urlCommands } from './urls.ts'

export const commands: readonly Command[] = [
  ...appsCommands,
  ...buildArgsCommands,
  ...configCommands,
  ...domainsCommands,
  ...logsCommands,
  ...portsCommands,
  ...propertyCommands,
  ...psCommands,
  ...registryCommands,
  ...releasesCommands,
  ...resourceCommands,
  ...scratchCacheCommands,
  ...scratchCommands,
  ...sshKeysCommands,
  ...systemCommands,
  ...urlCommands,
  helpCommand(() => commands),
].toSorted((a, b) => (a.name < b.name ? -1 : 1))
