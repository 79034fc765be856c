import { withSchemaEngine } from './schema-engine.ts';

/**
 * The SQL that turns one Prisma schema into another.
 * @param databaseUrl any database: the engine needs a connection, but changes nothing
 * @param from null: an empty database
 */
export async function schemaScript(databaseUrl: string, from: string | null, to: string): Promise<string> {
  const asTarget = (content: string) => ({
    tag: 'schemaDatamodel' as const,
    files: [{ path: 'schema.prisma', content }],
  });
  const { stdout } = await withSchemaEngine(databaseUrl, to, (engine) =>
    engine.diff({
      from: from === null ? { tag: 'empty' } : asTarget(from),
      to: asTarget(to),
      script: true,
      exitCode: null,
      filters: { externalTables: [], externalEnums: [] },
    }),
  );
  return stdout ?? '';
}
