/** The object without these properties. */
export function omit<Of extends object, Key extends keyof Of>(object: Of, ...keys: readonly Key[]): Omit<Of, Key> {
  const rest = { ...object };
  for (const key of keys) delete rest[key];
  return rest;
}
