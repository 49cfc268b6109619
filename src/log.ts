// The daemon's log: JSON lines on stdout, one per event (pino).
import { pino } from 'pino'
import type { Log } from './core/log.ts'

/** @param level lowest level that is written */
export function createLog(level: 'error' | 'warn' | 'info' | 'debug'): Log {
  const logger = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime })
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
  }
}
