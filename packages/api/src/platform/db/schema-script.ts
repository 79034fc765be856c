import { withSchemaEngine } from './schema-engine.ts';

/**
 * SQL that makes one schema of another; both as text in Prisma's language.
 * @param databaseUrl any database: the engine wants a connection, and changes nothing
 * @param from null: from an empty database
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
