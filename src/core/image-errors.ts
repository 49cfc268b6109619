// The errors of the skiff tool: images, workspaces, cards. A part of the table in errors.ts, in its form.

export const imageErrors = {
  // image
  'package-unknown': {
    exit: 1,
    message: 'there is no configuration package {name}{who}',
    hint: '{hint}',
  },
  'package-cycle': {
    exit: 1,
    message: 'configuration packages depend on each other in a circle: {circle}',
    hint: 'take one of these names out of the metadata/dependencies of the one before it',
  },
  'package-invalid': { exit: 1, message: '{file}: {problem}', hint: '' },
  'image-failed': { exit: 1, message: '{what} of the image could not be made: {problem}', hint: '{hint}' },
  'image-incomplete': {
    exit: 1,
    message: '{file} needs {needs}, and no Debian package of the image has it',
    hint: 'add its package to debian/packages, or take the entry out of the list: -<entry> in a later layer',
  },
  'guest-silent': {
    exit: 1,
    message: 'the image in QEMU cannot be reached: {problem}',
    hint: 'more memory or time may help',
  },
  'image-idle': {
    exit: 1,
    message: '{list} names what no Debian package of the image has: {patterns}',
    hint: 'mend the pattern, or put ? before it when it need not fit',
  },
  'package-path': { exit: 1, message: '{variable}: {problem}', hint: '{hint}' },
  'workspace-version': {
    exit: 1,
    message: 'workspace {workspace} was made by {found}, and this is Skiff {known}',
    hint: 'use that version, take another SKIFF_WORKSPACE, or skiff clean --force and compile anew',
  },
  'workspace-unconfigured': {
    exit: 1,
    message: 'workspace {workspace} has no configuration yet',
    hint: 'name its packages once: SKIFF_CONFIG={example} make compile; skiff configs lists them',
  },
  'workspace-busy': {
    exit: 1,
    message: 'another skiff works in workspace {workspace}',
    hint: 'wait until it is done, or take another SKIFF_WORKSPACE',
  },
  'output-missing': {
    exit: 1,
    message: 'workspace {workspace} has no finished image: {problem}',
    hint: 'make compile',
  },
  'disk-full': {
    exit: 1,
    message: 'the disk is full: {problem}',
    hint: 'make room and run it again; what was finished is kept',
  },
  // image: Buildroot
  'buildroot-unfit': { exit: 1, message: '{path} cannot be used as Buildroot: {problem}', hint: '{hint}' },
  'release-failed': {
    exit: 1,
    message: 'Buildroot {version} could not be fetched from {url}: {problem}',
    hint: '{hint}',
  },
  'release-wrong': {
    exit: 1,
    message:
      'what came from {url} is not Buildroot {version}: its SHA-256 is {found}, and {wanted} is wanted',
    hint: 'nothing of it was used; try again, or fetch it by another way and name its folder in SKIFF_BUILDROOT',
  },
  'symbols-lost': {
    exit: 1,
    message: 'this Buildroot does not do what {count} of the lines in buildroot/ ask for: {symbols}',
    hint: '{hint}',
  },
  'path-unfit': {
    exit: 1,
    message: 'Buildroot cannot work with the path {path}: it has {problem} in it',
    hint: 'move it, or name another place with {setting}',
  },
  'compile-failed': {
    exit: 1,
    message: '{package} could not be compiled: it failed {step}: {problem}',
    hint: '{hint}',
  },
  'no-permission': { exit: 1, message: 'no permission: {problem}', hint: 'see who owns it, or run as root' },
  'not-in-this-version': { exit: 1, message: '{what} is not in this version of Skiff', hint: '{hint}' },
  // cards
  'card-refused': { exit: 1, message: '{target} is not touched: {problem}', hint: '{hint}' },
  'card-unreadable': { exit: 1, message: 'the card cannot be used: {problem}', hint: '{hint}' },
  'card-lost': {
    exit: 1,
    message: '{target} stopped answering while it was {doing}: {problem}',
    hint: '{hint}',
  },
  'card-full': {
    exit: 1,
    message: 'the boot partition has {free} free, and this image needs {needed}',
    hint: '{hint}',
  },
  'set-invalid': { exit: 1, message: 'the image in {folder} cannot be installed: {problem}', hint: '{hint}' },
} as const
