// Every setting in one table: name, default, meaning. docs/settings.md comes from here.
import { availableParallelism } from 'node:os'
import {
  aptOptions,
  count,
  cpus,
  duration,
  type Kind,
  limit,
  list,
  mirror,
  oneOf,
  path,
  port,
  portRange,
  size,
  subnet,
  text,
} from './kinds.ts'

export interface Setting<T> {
  readonly kind: Kind<T>
  /** As a user would write it. */
  readonly default: string
  readonly doc: string
}

const setting = <T>(kind: Kind<T>, fallback: string, doc: string): Setting<T> => ({
  kind,
  default: fallback,
  doc,
})

/** The table. Durations are kept in milliseconds, sizes in bytes. */
export const settingsTable = {
  root: setting(path, '/var/lib/crew', 'Folder of all state. Another folder is another instance.'),
  'log-level': setting(
    oneOf('error', 'warn', 'info', 'debug'),
    'info',
    'What the daemon writes to its log (JSON lines on stdout).',
  ),
  domain: setting(
    text,
    'localhost',
    'Apps answer on <app>.<domain> until domains:set or domains:set-global says otherwise.',
  ),

  'ssh-host': setting(text, '0.0.0.0', 'Address the SSH server listens on.'),
  'ssh-port': setting(port, '2222', 'Port of the SSH server.'),
  'ssh-user': setting(
    list,
    'crew,git,dokku',
    'User names that may log in; who somebody is, the key decides.',
  ),
  'ssh-front-key': setting(
    text,
    '',
    'Public key file of an SSH server on this machine that hands its sessions on, and says with which key (OpenSSH on port 22 of a Skiff board).',
  ),
  'ssh-authorized-keys': setting(
    text,
    '',
    'File in which that server finds the registered keys, as authorized_keys(5); it is written anew when they change.',
  ),
  'ssh-admin-keys': setting(
    text,
    '',
    'File of public keys, as authorized_keys(5), that are registered whenever Crew starts.',
  ),
  'ssh-ciphers': setting(
    list,
    'aes128-gcm@openssh.com,aes256-gcm@openssh.com,aes256-ctr,aes128-ctr',
    'Ciphers the SSH server offers.',
  ),
  'ssh-login-grace': setting(duration, '30s', 'A connection that has not authenticated by then is closed.'),
  'ssh-max-tries': setting(count(1), '6', 'Keys a client may try on one connection.'),
  'ssh-max-startups': setting(
    count(1),
    '20',
    'Unauthenticated connections at once; further ones are closed.',
  ),
  'ssh-max-sessions': setting(count(1), '10', 'Sessions open at once on one connection.'),
  'ssh-keepalive-interval': setting(
    duration,
    '15s',
    'How often a silent client is asked whether it is there.',
  ),
  'ssh-keepalive-count': setting(count(1), '3', 'Unanswered questions until a client counts as gone.'),

  'push-max-size': setting(size, '1g', 'A pack larger than this is refused.'),
  builder: setting(
    oneOf('auto', 'buildkit', 'classic'),
    'auto',
    'Which builder of the engine builds; auto is BuildKit where the engine has it.',
  ),
  'build-concurrency': setting(
    count(1),
    String(Math.max(1, Math.floor(availableParallelism() / 2))),
    'Builds at once, over all apps. The default is half the processors.',
  ),
  'build-timeout': setting(duration, '60m', 'A build that takes longer is stopped.'),
  'disk-min-free': setting(
    size,
    '512m',
    'A build is refused when the disk of the engine or of the root has less free than this.',
  ),
  scratch: setting(
    oneOf('auto', 'plan', 'off'),
    'auto',
    'A base image that nobody publishes for the platform is made here (auto), only its plan is shown (plan), or the push is refused (off).',
  ),
  'scratch-substitutes': setting(
    oneOf('on', 'off'),
    'on',
    'Whether another image may stand in for one that cannot be made.',
  ),
  'scratch-library': setting(
    text,
    'https://github.com/docker-library/official-images',
    'Git repository of the official-images library; none for no library.',
  ),
  'scratch-library-age': setting(duration, '1d', 'The library is fetched again when it is older than this.'),
  'scratch-cache-size': setting(
    size,
    '4g',
    'Images made for others to be built on; when they are more than this, those not used for the longest time go.',
  ),
  'source-timeout': setting(
    duration,
    '10m',
    'How long fetching from the repository of a base image may take.',
  ),
  'ground-debian-mirror': setting(
    mirror,
    '',
    "Mirror that base images of Debian are made from; empty is Debian's own, with its updates.",
  ),
  'ground-ubuntu-mirror': setting(
    mirror,
    '',
    "Mirror that base images of Ubuntu are made from; empty is Ubuntu's own, with its updates.",
  ),
  'ground-alpine-mirror': setting(
    mirror,
    'https://dl-cdn.alpinelinux.org/alpine',
    'Mirror that base images of Alpine are made from.',
  ),
  'ground-apt-options': setting(
    aptOptions,
    '',
    'Options of apt for mirrors of Debian and Ubuntu, such as Acquire::Check-Valid-Until=false; they stay in the images.',
  ),
  'ground-timeout': setting(duration, '30m', 'Making a base image that takes longer is stopped.'),
  'releases-kept': setting(count(1), '3', 'Images of this many releases are kept, for rollback.'),

  'engine-host': setting(
    text,
    'unix:///var/run/docker.sock',
    'The Docker engine: a unix socket, as DOCKER_HOST has it.',
  ),
  'registry-insecure': setting(
    list,
    '',
    'Registries (host, or host:port) that Crew asks without TLS, as insecure-registries of the engine. Those of this machine need no entry.',
  ),
  'network-subnet': setting(
    subnet,
    'auto',
    'Addresses of the containers; auto picks a /20 that the machine does not use.',
  ),
  'container-memory': setting(
    limit,
    'none',
    'Memory a container may use, unless resource:limit says otherwise.',
  ),
  'container-cpus': setting(
    cpus,
    'none',
    'Processors a container may use, unless resource:limit says otherwise.',
  ),
  'container-pids': setting(count(1), '4096', 'Processes and threads a container may have.'),
  'log-max-size': setting(size, '10m', 'Size of one log file of a container.'),
  'log-max-files': setting(count(1), '3', 'Log files kept for a container.'),

  'check-timeout': setting(duration, '5s', 'How long one health check may take.'),
  'check-attempts': setting(count(1), '60', 'Health checks until a container counts as failed.'),
  'check-wait': setting(
    duration,
    '1s',
    'Time between two health checks. The first checks of a container come faster.',
  ),
  'check-uptime': setting(
    duration,
    '10s',
    'A container without any check is healthy when it has stayed up this long.',
  ),
  'stop-timeout': setting(duration, '30s', 'Time from SIGTERM to SIGKILL.'),
  'drain-timeout': setting(
    duration,
    '30s',
    'How long the requests under way on an old container may take after a swap.',
  ),

  'router-http-host': setting(text, '0.0.0.0', 'Address the router listens on.'),
  'router-http-port': setting(port, '8080', 'Port on which the router tells apps apart by host name.'),
  'router-port-range': setting(
    portRange,
    '20000-20999',
    'A web app gets a port of its own out of this range.',
  ),
  'router-timeout': setting(duration, '60s', 'Longest silence of a client or an app within a request.'),
} as const satisfies Record<string, Setting<unknown>>
