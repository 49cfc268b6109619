// Every command of the skiff tool, in the order in which help lists them.
import { brCommand } from './br.ts'
import { brCheckCommand } from './br-check.ts'
import { cleanCommand } from './clean.ts'
import type { ImageCommand } from './command.ts'
import { configsCommand } from './configs.ts'
import { compileCommand, configureCommand } from './configure.ts'
import { helpCommand, overviewCommand } from './help.ts'
import { flashCommand, runCommand } from './run.ts'
import { statusCommand } from './status.ts'

export const imageCommands: readonly ImageCommand[] = [
  configsCommand,
  configureCommand,
  compileCommand,
  runCommand,
  flashCommand,
  statusCommand,
  cleanCommand,
  brCommand,
  brCheckCommand,
  overviewCommand,
  helpCommand(() => imageCommands),
]
