// What distinguishes an image of Debian or Ubuntu from an installation: what it goes without, and what it adds.
import type { AddedEntry } from '../docker/rootfs.ts'

// caches, what differs from run to run, and what an engine writes for each container
const NEVER = [
  'etc/hostname',
  'etc/resolv.conf',
  'etc/.pwd.lock',
  'var/cache/ldconfig/aux-cache',
  'var/lib/apt/lists/lock',
  'var/lib/dpkg/lock',
  'var/lib/dpkg/lock-frontend',
  'var/lib/dpkg/triggers/Lock',
]
const NEVER_BELOW = ['var/lib/apt/lists/', 'var/cache/apt/', 'var/log/', 'run/', 'tmp/']
const BACKUPS =
  /^(var\/(lib\/dpkg|cache\/debconf)\/[^/]+-old|etc\/(passwd|group|shadow|gshadow|subuid|subgid)-)$/
/** Folders below them that programs expect to be there. */
const KEPT_FOLDERS =
  /^var\/lib\/apt\/lists\/partial$|^var\/cache\/apt\/archives(\/partial)?$|^var\/log\/apt$|^run\/lock$/

// the licences of what is distributed stay, as they must
const DOCUMENTATION = /^usr\/share\/(doc|info|man|groff|lintian|linda|locale)\/(.+)$/

/** Whether a slim image goes without a path. Folders stay: packages make links in man1 and fail where it is not. */
function isDocumentation(path: string): boolean {
  const [, kind, rest = ''] = DOCUMENTATION.exec(path) ?? []
  if (kind === undefined) return false
  if (kind === 'doc') return rest.includes('/') && !rest.endsWith('/copyright')
  if (kind === 'locale') return !/^(C|C\.UTF-8|POSIX|locale\.alias)(\/|$)/.test(rest)
  if (kind === 'man') return rest.split('/').length > 1 && !/^man\d$/.test(rest)
  return true
}

/** Whether an image goes without a path. Pure. */
export function withoutPath(path: string, slim: boolean): boolean {
  if (NEVER.includes(path) || BACKUPS.test(path)) return true
  if (NEVER_BELOW.some((folder) => path.startsWith(folder)) && !KEPT_FOLDERS.test(path)) return true
  return slim && isDocumentation(path)
}

const CONFIGURATION = `# An image is a file system nobody looks after: no caches that only grow it, no translations of descriptions.
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb || true"; };
Acquire::Languages "none";
Acquire::GzipIndexes "true";
Apt::AutoRemove::SuggestsImportant "false";
`

const DPKG = '# a build that is cut off is done again: no need to wait for the disk\nforce-unsafe-io\n'

const DPKG_SLIM = `# as the packages the image was made of, so those that are added: without documentation and translations
path-exclude /usr/share/doc/*
path-include /usr/share/doc/*/copyright
path-exclude /usr/share/info/*
path-exclude /usr/share/man/*
path-exclude /usr/share/groff/*
path-exclude /usr/share/lintian/*
path-exclude /usr/share/locale/*
path-include /usr/share/locale/locale.alias
`

// invoke-rc.d(8): 101 is "action forbidden by policy"
const POLICY = '#!/bin/sh\n# nothing is started when a package is installed into an image\nexit 101\n'

/** What an image of apt and dpkg has besides its packages. */
export const addedFiles = (slim: boolean): AddedEntry[] => [
  { path: 'etc/apt/apt.conf.d/docker-image', content: CONFIGURATION },
  { path: 'etc/dpkg/dpkg.cfg.d/docker-image', content: DPKG },
  ...(slim ? [{ path: 'etc/dpkg/dpkg.cfg.d/docker-slim', content: DPKG_SLIM }] : []),
  { path: 'usr/sbin/policy-rc.d', content: POLICY, mode: 0o755 },
]
