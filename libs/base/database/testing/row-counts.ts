import { type Queryable } from '@base/database';

/** How many rows each table of the database has, by name: what must be equal before and after something that writes nothing. */
export async function rowCounts(owner: Queryable): Promise<Record<string, bigint>> {
  const tables = await owner.query<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
      WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`,
  );
  const counts = tables.map(({ name }) => `SELECT '${name}' AS name, count(*) AS rows FROM ${name}`);
  const rows = await owner.query<{ name: string; rows: bigint }>(counts.join(' UNION ALL '));
  return Object.fromEntries(rows.map(({ name, rows: count }) => [name, count]));
}
