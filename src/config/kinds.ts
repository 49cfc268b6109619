// Kinds of values that settings and properties have: how each is read and checked.
import { resolve } from 'node:path'
import { parsePort } from '../core/app.ts'
import { failure } from '../core/errors.ts'
import { parseDuration, parseSize } from '../core/units.ts'

/** What a value of a setting is: how people call it, and how it is read. */
export interface Kind<T> {
  readonly name: string
  readonly parse: (text: string) => T
}

const bad = (value: string, rule: string) =>
  failure('value-invalid', { what: 'value', value: JSON.stringify(value), rule })

export const text: Kind<string> = { name: 'text', parse: (value) => value }
export const path: Kind<string> = { name: 'path', parse: (value) => resolve(value) }
export const size: Kind<number> = { name: 'size', parse: parseSize }
export const duration: Kind<number> = { name: 'duration', parse: parseDuration }
export const port: Kind<number> = { name: 'port', parse: parsePort }

/** A whole number of at least `least`. */
export const count = (least: number): Kind<number> => ({
  name: 'number',
  parse: (value) => {
    if (!/^\d{1,9}$/.test(value) || Number(value) < least) throw bad(value, `a whole number from ${least} up`)
    return Number(value)
  },
})

export const portRange: Kind<{ readonly first: number; readonly last: number }> = {
  name: 'port range',
  parse: (value) => {
    const [first, last, ...rest] = value.split('-').map(parsePort)
    if (first === undefined || last === undefined || rest.length > 0 || last < first)
      throw bad(value, 'a range is two ports, such as 20000-20999')
    return { first, last }
  },
}

export const oneOf = <const T extends readonly string[]>(...values: T): Kind<T[number]> => ({
  name: values.join(' | '),
  parse: (value) => {
    if (!values.includes(value)) throw bad(value, `one of ${values.join(', ')}`)
    return value
  },
})

/** Docker refuses less memory than this for a container. */
const LEAST_MEMORY = 6 * 2 ** 20

/** A size, or `none`: no limit. */
export const limit: Kind<number | null> = {
  name: 'size | none',
  parse: (value) => {
    if (value === 'none') return null
    if (parseSize(value) < LEAST_MEMORY) throw bad(value, 'at least 6m, or none')
    return parseSize(value)
  },
}

/** A number of processors such as 0.5, or `none`: no limit. */
export const cpus: Kind<number | null> = {
  name: 'processors | none',
  parse: (value) => {
    if (value === 'none') return null
    if (!/^\d{1,3}(\.\d{1,3})?$/.test(value) || Number(value) === 0)
      throw bad(value, 'a number of processors such as 0.5, or none')
    return Number(value)
  },
}

/** `auto`, or an IPv4 network such as 10.213.0.0/20. */
export const subnet: Kind<string> = {
  name: 'subnet | auto',
  parse: (value) => {
    if (value !== 'auto' && !/^(\d{1,3}\.){3}\d{1,3}\/(1[2-9]|2[0-8])$/.test(value))
      throw bad(value, 'auto, or a network of /12 to /28 such as 10.213.0.0/20')
    return value
  },
}

/** Address of a mirror, empty for the distribution's own. No name and password: it is written into images. */
export const mirror: Kind<string> = {
  name: 'URL',
  parse: (value) => {
    if (value !== '' && !/^https?:\/\/[\w.-]+(:\d{1,5})?(\/[\w.~%+-]+)*\/?$/.test(value))
      throw bad(value, 'a mirror is http://host/path or https://host/path, without a password')
    return value.replace(/\/$/, '')
  },
}

/** Options of apt as `Name::Name=value`, separated by commas; apt's own form is made of them. */
export const aptOptions: Kind<readonly string[]> = {
  name: 'list',
  parse: (value) =>
    list.parse(value).map((option) => {
      if (!/^[A-Za-z][\w-]*(::[\w.-]+)+=[\w.:/@%+ -]*$/.test(option))
        throw bad(option, 'an option of apt is Name::Name=value, such as Acquire::Retries=3')
      return option
    }),
}

export const list: Kind<readonly string[]> = {
  name: 'list',
  parse: (value) =>
    value
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
}
