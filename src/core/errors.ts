// Every error a person can meet: code, exit status, sentence, and what to do next. Only src/core/report.ts
// turns one into text; everything else passes the value on.

import { imageErrors } from './image-errors.ts'

type Params = Record<string, string | number>

interface ErrorEntry {
  /** Exit status of the command that fails with it. */
  readonly exit: number
  /** What happened, to what. `{name}` is replaced by the parameter of that name. */
  readonly message: string
  /** What the reader can do about it; may be empty. */
  readonly hint: string
}

/**
 * The table. Exit statuses follow Dokku: 20 for an app that does not exist, 2 for wrong usage (as in bash),
 * 130 for something that was called off, 1 for the rest.
 */
export const errorTable = {
  // words and usage
  'app-name-invalid': {
    exit: 1,
    message: 'invalid app name {name}',
    hint: 'a name starts with a lowercase letter or digit, holds only lowercase letters, digits and dashes, and has 1 to 63 characters',
  },
  'app-unknown': {
    exit: 20,
    message: 'app {app} does not exist',
    hint: 'apps:list shows the apps there are',
  },
  'app-exists': { exit: 1, message: 'app {app} exists already', hint: 'choose another name' },
  'app-not-deployed': {
    exit: 1,
    message: 'app {app} has no release that ran',
    hint: 'deploy it first: git push',
  },
  usage: { exit: 2, message: '{problem}', hint: 'usage: {usage}' },
  'command-unknown': { exit: 2, message: '{command} is not a command', hint: '{hint}' },
  'exec-line-invalid': {
    exit: 2,
    message: 'this command line cannot be read: {problem}',
    hint: 'check its quotes',
  },
  'setting-invalid': { exit: 2, message: 'setting {setting}: {problem}', hint: '{hint}' },
  'value-invalid': { exit: 1, message: 'invalid {what} {value}', hint: '{rule}' },
  'not-found': { exit: 1, message: '{what} {name} does not exist', hint: '{hint}' },
  'key-unknown': {
    exit: 1,
    message: 'your SSH key ({fingerprint}) is not registered with Crew',
    hint: 'an admin registers it: ssh-keys:add <name>',
  },
  exists: { exit: 1, message: '{what} {name} exists already', hint: '{hint}' },
  'not-confirmed': { exit: 1, message: 'not confirmed, so nothing was changed', hint: '{hint}' },
  // the machine
  'process-failed': { exit: 1, message: '{command} failed ({status}): {output}', hint: '' },
  'process-missing': {
    exit: 1,
    message: '{command} is not installed',
    hint: 'install the package that has it',
  },
  'timed-out': { exit: 1, message: '{what} took longer than {seconds} s', hint: '{hint}' },
  canceled: { exit: 130, message: '{what} was called off', hint: '' },
  'shutting-down': { exit: 1, message: 'Crew is shutting down', hint: 'try again when it is back' },
  'engine-unreachable': {
    exit: 1,
    message: 'the Docker engine at {address} does not answer: {problem}',
    hint: 'start it; running apps and their routes are left as they are',
  },
  'engine-error': { exit: 1, message: 'the Docker engine refused: {problem}', hint: '' },
  'builder-unreachable': {
    exit: 1,
    message: 'the builder {address} cannot be used: {problem}',
    hint: '{hint}',
  },
  'transfer-failed': {
    exit: 1,
    message: 'the image could not be brought from {address}: {problem}',
    hint: 'nothing of it is left here; try again',
  },
  'daemon-unreachable': {
    exit: 1,
    message: 'crew serve does not answer at {socket}',
    hint: 'start it (make up, or crew serve), or set CREW_ROOT to the folder of the one that runs',
  },
  'store-newer': {
    exit: 1,
    message: 'the state in {path} was written by a newer Crew (schema {found}, this one knows {known})',
    hint: 'run the newer version',
  },
  'router-failed': { exit: 1, message: 'the router (HAProxy) refused: {problem}', hint: '' },
  'port-taken': { exit: 1, message: 'port {port} is in use by {owner}', hint: 'choose another port' },
  'ports-exhausted': {
    exit: 1,
    message: 'no free port left in {range}',
    hint: 'widen the setting router-port-range',
  },
  // push
  'push-empty': {
    exit: 1,
    message: 'nothing to deploy: the pushed commit has no files',
    hint: 'commit a Dockerfile and push again',
  },
  'push-delete-refused': {
    exit: 1,
    message: 'the deploy branch {branch} of {app} cannot be deleted',
    hint: 'apps:destroy {app} removes the app',
  },
  'push-not-commit': {
    exit: 1,
    message: 'what was pushed to {branch} is not a commit, and git keeps nothing else in a branch',
    hint: 'push the commit that a tag leads to: git push <remote> <tag>^0:refs/heads/{branch}',
  },
  'push-in-the-way': {
    exit: 1,
    message: '{other} of {app} is in the way: git cannot keep both it and the branch {branch}',
    hint: 'delete it first: git push <remote> --delete {other}',
  },
  'push-too-large': {
    exit: 1,
    message: 'the push is larger than {limit}',
    hint: 'push less at once, or raise the setting push-max-size',
  },
  'push-broken': {
    exit: 1,
    message: 'git refused the objects of this push: they are damaged or malformed',
    hint: 'git fsck in your repository names them',
  },
  'push-stale': {
    exit: 1,
    message: '{ref} of {app} moved while this push waited',
    hint: 'git fetch, then push again',
  },
  'rollback-nowhere': {
    exit: 1,
    message: '{app} has no release to go back to{why}',
    hint: 'releases:list {app} shows those whose image is kept',
  },
  'already-running': { exit: 1, message: 'crew serve runs already for {root}', hint: 'crew status shows it' },
  // build
  'disk-low': {
    exit: 1,
    message: 'only {free} free on {path}, {needed} are needed before a build',
    hint: 'cleanup removes what no app needs; the setting disk-min-free says how much is kept',
  },
  'dockerfile-missing': {
    exit: 1,
    message: 'no {path} in the pushed commit',
    hint: 'add one, or name it: builder-dockerfile:set {app} dockerfile-path <path>',
  },
  'dockerfile-invalid': { exit: 1, message: '{path}: {problem}', hint: '' },
  'base-missing': {
    exit: 1,
    message: 'base image {image} is not on the engine and could not be pulled: {problem}',
    hint: 'check the name and the network, or load it on the board: docker save {image} | ssh <board> docker load',
  },
  'library-invalid': {
    exit: 1,
    message: '{file} line {line}: {problem}',
    hint: 'the form is that of docker-library/official-images',
  },
  'source-failed': {
    exit: 1,
    message: 'the source of {image} could not be fetched from {url}: {problem}',
    hint: '{hint}',
  },
  'source-commit-gone': {
    exit: 1,
    message: 'commit {commit} is not in {url} any more, so {image} cannot be made as it was published',
    hint: 'name another source: scratch:source add {image} {url}#<branch>:<directory>',
  },
  'scratch-blocked': {
    exit: 3,
    message: '{image} cannot be made for {platform}: {problem}',
    hint: '{hint}',
  },
  'scratch-off': {
    exit: 1,
    message: '{image} is not there for {platform}, and making it is not allowed ({why})',
    hint: '{hint}',
  },
  'base-wrong-platform': {
    exit: 1,
    message: 'image {image} is published for {wanted}, and what came is for {found}',
    hint: 'it was removed again; its publisher has to mend it, or name another image',
  },
  'registry-failed': { exit: 1, message: 'registry {registry}: {problem}', hint: '{hint}' },
  'registry-refused': {
    exit: 1,
    message: '{registry} did not accept the login of {username}: {problem}',
    hint: 'nothing was changed; check user name and password, or make an access token and use that',
  },
  'ground-failed': { exit: 1, message: '{ground} could not be made: {problem}', hint: '{hint}' },
  'ground-untrusted': {
    exit: 1,
    message: '{ground} was refused, because {mirror} is not signed by a key that is trusted here: {problem}',
    hint: '{hint}',
  },
  'rootfs-invalid': {
    exit: 1,
    message: 'a root file system was refused: entry {name}: {problem}',
    hint: 'nothing of it was used',
  },
  'emulator-missing': {
    exit: 1,
    message: 'this machine ({host}) cannot run programs for {platform}: {problem}',
    hint: 'register an emulator: apt-get install qemu-user-static binfmt-support, or docker run --privileged --rm tonistiigi/binfmt --install {name}',
  },
  'build-failed': { exit: 1, message: 'the build failed: {problem}', hint: '' },
  'build-wrong-platform': {
    exit: 1,
    message: 'the image of {app} is for {found}, and {wanted} is wanted',
    hint: 'see the --platform of its FROM lines, and apps:report {app}',
  },
  'build-timeout': {
    exit: 1,
    message: 'the build was stopped after {seconds} s',
    hint: 'the setting build-timeout says how long one may take',
  },
  'command-missing': {
    exit: 1,
    message: 'nothing says what to run: the image has no CMD or ENTRYPOINT, and the commit no Procfile',
    hint: 'add a CMD to the Dockerfile, or a Procfile with a line such as web: ./start',
  },
  'submodule-failed': {
    exit: 1,
    message: 'submodule {path} could not be fetched from {url}: {problem}',
    hint: 'the board must be able to reach that URL',
  },
  // deploy
  'deploy-unhealthy': { exit: 1, message: '{container} did not become healthy: {problem}', hint: '{hint}' },
  'procfile-invalid': {
    exit: 1,
    message: 'Procfile line {line}: {problem}',
    hint: 'a line is <process type>: <command>',
  },
  'network-exhausted': {
    exit: 1,
    message: 'no free address left in {subnet}',
    hint: 'widen the setting network-subnet',
  },
  ...imageErrors,
} as const satisfies Record<string, ErrorEntry>

export type ErrorCode = keyof typeof errorTable

type Placeholders<S extends string> = S extends `${string}{${infer P}}${infer Rest}`
  ? P | Placeholders<Rest>
  : never
type ParamsOf<C extends ErrorCode> = Record<
  Placeholders<(typeof errorTable)[C]['message']> | Placeholders<(typeof errorTable)[C]['hint']>,
  string | number
>

const fill = (text: string, params: Params) =>
  text.replace(/\{(\w+)\}/g, (_, name: string) => String(params[name] ?? ''))

/** An error for a person: made by `failure`, printed at the edge. */
export class CrewError extends Error {
  readonly code: ErrorCode
  readonly hint: string
  readonly exit: number

  constructor(code: ErrorCode, params: Params, options?: ErrorOptions) {
    super(fill(errorTable[code].message, params), options)
    this.name = 'CrewError'
    this.code = code
    this.hint = fill(errorTable[code].hint, params)
    this.exit = errorTable[code].exit
  }
}

/**
 * Makes the error of a code.
 * @param params one value for each `{placeholder}` of the table's message and hint
 */
export function failure<C extends ErrorCode>(code: C, params: ParamsOf<C>, cause?: unknown): CrewError {
  return new CrewError(code, params, cause === undefined ? undefined : { cause })
}

export const isFailure = (error: unknown, code?: ErrorCode): error is CrewError =>
  error instanceof CrewError && (code === undefined || error.code === code)

/** Text of anything that was thrown, for logs and for the `{problem}` of another error. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
