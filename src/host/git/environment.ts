// The environment git runs in: what this machine says about networks and homes, and nothing of another git.

/** Variables of the daemon that git and its helpers (ssh, curl) may see. No GIT_*: those would redirect it. */
const KEPT = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'TMPDIR',
  'XDG_CONFIG_HOME',
  'SSH_AUTH_SOCK',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'http_proxy',
  'https_proxy',
  'HTTPS_PROXY',
  'all_proxy',
  'ALL_PROXY',
  'no_proxy',
  'NO_PROXY',
]

/**
 * The whole environment of a git process.
 * @param extra variables of this one run, such as a quarantine
 */
export function gitEnvironment(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {}
  for (const name of KEPT) {
    if (process.env[name] !== undefined) env[name] = process.env[name]
  }
  // C: its messages are read by programs here; no prompt: nobody sits there to answer
  return { ...env, LC_ALL: 'C', GIT_TERMINAL_PROMPT: '0', ...extra }
}
