// Text as a POSIX shell reads it back unchanged.

/** One word in single quotes; a quote in it leaves them, is escaped, and enters them again. */
export const shellQuote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`
