/** The errno that an error of Node's carries, "EBUSY"; the whole of it as text if it carries none. */
export function codeOf(cause: unknown): string {
  const code = (cause as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : String(cause);
}
