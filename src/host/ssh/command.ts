// What ssh is called with, and what its last words mean.
import { type BuilderHost, sshDestination } from '../../core/builder-host.ts'

/** Seconds for the connection itself; the login comes on top. */
const CONNECT_TIMEOUT = 10

/** `own`: a connection of its own. `share`: over the master at this path. `master`: others may use it. */
export type Multiplexing =
  | { readonly kind: 'own' }
  | { readonly kind: 'share' | 'master'; readonly socket: string }

/**
 * Arguments of the system's ssh, so that ~/.ssh/config, known_hosts, keys and jump hosts count. What is said here
 * goes before the configuration: nobody is asked anything, nothing is forwarded, and no master outlives us.
 * @param words the command; the other side's login shell reads them, so each is quoted
 */
export function sshArguments(
  builder: BuilderHost,
  multiplexing: Multiplexing,
  words: readonly string[],
): string[] {
  const options = {
    BatchMode: 'yes',
    ConnectTimeout: CONNECT_TIMEOUT,
    // a cable that was pulled is noticed after 45 s
    ServerAliveInterval: 15,
    ServerAliveCountMax: 3,
    ClearAllForwardings: 'yes',
    ForwardAgent: 'no',
    ForwardX11: 'no',
    PermitLocalCommand: 'no',
    RemoteCommand: 'none',
    // what large goes over it is compressed already
    Compression: 'no',
    ControlPersist: 'no',
    ControlMaster: multiplexing.kind === 'master' ? 'yes' : 'no',
    ControlPath: multiplexing.kind === 'own' ? 'none' : multiplexing.socket,
  }
  return [
    '-T',
    ...Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]),
    ...(builder.port === null ? [] : ['-p', String(builder.port)]),
    '--',
    sshDestination(builder),
    ...words.map(quote),
  ]
}

/** One word for a shell of any kind: sh, csh and fish agree on what is between single quotes. */
function quote(word: string): string {
  if (/^[\w./:=-]+$/.test(word)) return word
  if (/['\n\r\0\\!]/.test(word)) throw new TypeError(`no word for a remote shell: ${JSON.stringify(word)}`)
  return `'${word}'`
}

export interface Explained {
  readonly problem: string
  /** What the reader can do about it. */
  readonly hint: string
}

const asUser = 'as the user that Crew runs as'

/** Patterns of what OpenSSH, Docker's client and shells say; the first that is found counts. */
const explanations: readonly [RegExp, (builder: BuilderHost, line: string) => Explained][] = [
  [
    /REMOTE HOST IDENTIFICATION HAS CHANGED|host key for .* has changed|Offending .* key in/,
    (builder) => ({
      problem: 'its host key is not the one that is known, so it may be another machine',
      hint: `if it was set up anew: ssh-keygen -R ${knownAs(builder)}, then ${trial(builder)}, both ${asUser}`,
    }),
  ],
  [
    /Host key verification failed|No \S+ host key is known/,
    (builder) => ({
      problem: 'its host key is not known here',
      hint: `log in once ${asUser}, and compare the fingerprint that it shows: ${trial(builder)}`,
    }),
  ],
  [
    /Permission denied \(|Too many authentication failures/,
    (builder) => ({
      problem: 'it lets none of our keys in',
      hint: `put the public key of the user that Crew runs as into ~/.ssh/authorized_keys there; then this works: ${trial(builder)}`,
    }),
  ],
  [
    /Could not resolve hostname/,
    () => ({ problem: 'its name has no address', hint: 'check the name, or write its address' }),
  ],
  [
    /ssh: connect to|Connection (closed|reset|timed out)|Connection refused|kex_exchange_identification/,
    (_, line) => ({ problem: line, hint: 'is it on, in reach, and does its sshd run?' }),
  ],
  [
    /dial-stdio.*not a docker command|unknown command.*(system|dial-stdio)/,
    () => ({
      problem: "its docker client is too old for 'docker system dial-stdio'",
      hint: 'version 18.09 has it',
    }),
  ],
  [
    /docker[^\n]*(not found|Unknown command)|(not found|Unknown command)[^\n]*docker/i,
    (builder) => ({
      problem: 'there is no docker on the PATH of its ssh sessions',
      hint: `install it there, so that this works: ${trial(builder, 'docker version')}`,
    }),
  ],
  [
    /permission denied[^\n]*(daemon|docker|\.sock)/i,
    (builder) => ({
      problem: 'that user may not use Docker there',
      hint: `add it to the group docker there, so that this works: ${trial(builder, 'docker version')}`,
    }),
  ],
  [
    /Cannot connect to the Docker daemon|dial unix|docker\.sock/i,
    (builder) => ({
      problem: 'its Docker engine does not answer',
      hint: `start it there, so that this works: ${trial(builder, 'docker version')}`,
    }),
  ],
]

const trial = (builder: BuilderHost, command = 'true') =>
  ['ssh', ...(builder.port === null ? [] : ['-p', builder.port]), sshDestination(builder), command].join(' ')

const knownAs = ({ host, port }: BuilderHost) => (port === null || port === 22 ? host : `'[${host}]:${port}'`)

/**
 * What went wrong, for a person.
 * @param stderr of ssh and of the command on the other side
 * @param status of ssh: 255 is its own failure, anything else the command's
 */
export function explain(builder: BuilderHost, stderr: string, status: number | null): Explained {
  const lines = stderr
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
  for (const [pattern, explanation] of explanations) {
    if (pattern.test(stderr)) {
      const line = lines.find((each) => pattern.test(each)) ?? ''
      return explanation(builder, line.replace(/^ssh: /, ''))
    }
  }
  const last = lines.at(-1)?.slice(0, 300)
  const ended = status === null ? 'ssh was ended' : `ssh ended with status ${status}`
  return { problem: last ?? ended, hint: `see what this says: ${trial(builder, 'docker version')}` }
}
