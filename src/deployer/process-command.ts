// How a Procfile's command is started in a container. Pure.

/** Characters that mean something to a shell (POSIX.1-2024, shell command language, 2.2), outside plain words. */
const SHELL_SYNTAX = /[|&;<>()$`\\"'*?[\]#~{}\n]|^\w+=|^!/
/** What a shell runs itself, so that no program of that name need exist. */
const BUILTINS = new Set(
  '. : alias bg break cd command continue eval exec exit export fg hash if for case while until read readonly return set shift source test times trap type ulimit umask unset wait'.split(
    ' ',
  ),
)
/** More than one command, or something before the command's name. */
const COMPOUND = /[|&;()\n{}]|^!|^\s*[<>]|^\w+=/

/**
 * Docker's Cmd for a command. The image's ENTRYPOINT stays, as with Dokku's Dockerfile deploys: it is most often
 * a wrapper that prepares the container and ends in `exec "$@"`, and so gets a whole command to run.
 *
 * Plain words are handed over as they are: no shell is needed in the image, an ENTRYPOINT that is a program takes
 * them as its arguments, and SIGTERM reaches the program itself. Anything with shell syntax goes to /bin/sh, where
 * `$PORT` means the variable; a single command takes the shell's place (exec), since a shell that stays in between
 * does not pass SIGTERM on. Configuration is never written into the command: it comes from the environment.
 */
export function processCommand(text: string): string[] {
  const command = text.trim()
  const words = command.split(/\s+/)
  const builtin = BUILTINS.has(words[0] ?? '')
  if (!SHELL_SYNTAX.test(command) && !builtin) return words
  const single = !COMPOUND.test(withoutQuoted(command)) && !builtin
  return ['/bin/sh', '-c', single ? `exec ${command}` : command]
}

/** Blanks what holds no operator of the command itself: quoted text, `${name}`, `2>&1`. `$( )` stays; that errs on the safe side. */
const withoutQuoted = (command: string) =>
  command
    .replace(/\\./g, '_')
    .replace(/'[^']*'|"[^"]*"/g, '_')
    .replace(/\$\{\w+\}|[<>]&[\d-]/g, '_')
