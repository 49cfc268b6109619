// Makes dist/, or the folder that is named: the program as a few files, which start faster and take less memory than
// the sources.
import { readFile } from 'node:fs/promises'
import { build, type Plugin } from 'esbuild'

/** A library in CommonJS that is imported late keeps its names; esbuild alone leaves it nothing but `default`. */
const lateLibraries: Plugin = {
  name: 'late-libraries',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^[^./]/ }, ({ kind, path }) =>
      kind === 'dynamic-import' && !path.startsWith('node:') ? { path, namespace: 'late' } : undefined,
    )
    onLoad({ filter: /./, namespace: 'late' }, async ({ path }) => {
      const names = Object.keys(await import(path)).filter((name) => /^\w+$/.test(name) && name !== 'default')
      return { contents: `export { ${names.join(', ')} } from '${path}'`, resolveDir: process.cwd() }
    })
  },
}

/** dockerode loads gRPC at once and needs it only for a BuildKit session, which Crew never opens: 4 MB of memory. */
const lateSession: Plugin = {
  name: 'late-session',
  setup({ onLoad }) {
    onLoad({ filter: /\/dockerode\/lib\/docker\.js$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8')
      const late = source.replace(
        "withSession = require('./session')",
        "withSession = (...args) => import('./session').then((session) => session.default(...args))",
      )
      if (late === source)
        throw new Error(`${path} loads its session in another way now; see ${import.meta.filename}`)
      return { contents: late }
    })
  },
}

/**
 * `import … from 'node:http'` looks at every export of it, also at WebSocket, for which Node then loads undici:
 * 10 MB of memory. Asked for by name they do not.
 */
const plainHttp: Plugin = {
  name: 'plain-http',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:http$/ }, ({ kind }) =>
      kind === 'import-statement' ? { path: 'node:http', namespace: 'plain' } : undefined,
    )
    onLoad({ filter: /./, namespace: 'plain' }, () => ({
      contents: "export const { Agent, createServer, request } = process.getBuiltinModule('node:http')",
    }))
  },
}

// Chunks have a hash in their name and old ones stay: a daemon that runs may still load one of its own.
await build({
  entryPoints: { crew: 'src/main.ts' },
  outdir: process.argv[2] ?? 'dist',
  outExtension: { '.js': '.mjs' },
  chunkNames: 'chunks/[name]-[hash]',
  plugins: [lateLibraries, lateSession, plainHttp],
  bundle: true,
  // what is imported late is loaded late, so a client never reads the daemon's libraries
  splitting: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  // the text of the program stays in memory; short lines, or a stack trace shows pages
  minifySyntax: true,
  minifyWhitespace: true,
  lineLimit: 160,
  keepNames: true,
  legalComments: 'eof',
  logLevel: 'warning',
  // native parts of ssh2, which does without them
  external: ['*.node', 'cpu-features'],
  banner: {
    // what is CommonJS among the libraries asks for these
    js: [
      "import { createRequire as crewRequire } from 'node:module';",
      'const require = crewRequire(import.meta.url);',
      'const __dirname = import.meta.dirname, __filename = import.meta.filename;',
    ].join('\n'),
  },
})
