// Apps that tests push: files by path.
import { BASE_IMAGE } from './engine.ts'

/** Files of an app that answers with `page`, by path. */
export const webApp = (page: string, extra: Record<string, string> = {}): Record<string, string> => ({
  Dockerfile: `FROM ${BASE_IMAGE}\nCOPY . /www\nEXPOSE 5000\nCMD ["/bin/busybox", "httpd", "-f", "-p", "5000", "-h", "/www"]\n`,
  'index.html': page,
  ...extra,
})

/** Files of an app whose only process is `script`. */
export const scriptApp = (script: string, expose = ''): Record<string, string> => ({
  Dockerfile: `FROM ${BASE_IMAGE}\nCOPY run.sh /run.sh\n${expose === '' ? '' : `EXPOSE ${expose}\n`}CMD ["/bin/sh", "/run.sh"]\n`,
  'run.sh': script,
})
