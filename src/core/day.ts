// A day of the calendar as text.

/** Whether a text is a day, as YYYY-MM-DD. The 30th of February is a date to Date, and to no engine. */
export function isDay(text: string): boolean {
  const day = /^\d{4}-\d{2}-\d{2}$/.test(text) ? new Date(text) : undefined
  return day !== undefined && !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text)
}
