import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import type * as Engine from '@prisma/schema-engine-wasm';
import pg from 'pg';
import { sessionOf } from '../platform/db/session.ts';

type EngineModule = typeof Engine & {
  __wbg_set_wasm(exports: unknown): void;
};

/** The part of WebAssembly used here. Node.js provides it, but its types do not. */
const { instantiate } = (
  globalThis as unknown as {
    WebAssembly: {
      instantiate(
        bytes: Uint8Array,
        imports: Record<string, unknown>,
      ): Promise<{ instance: { exports: { __wbindgen_start(): void } } }>;
    };
  }
).WebAssembly;

/**
 * The glue module holds one instance per process; a second one makes both panic. Since this module can be loaded
 * more than once (once per test project), the instance is stored globally.
 */
const shared = globalThis as { cvaultSchemaEngine?: Promise<EngineModule> };

/**
 * Loads Prisma's schema engine as WebAssembly, so that no binary has to be downloaded. The package's entry point is
 * for bundlers (it imports the .wasm file as a module), so its two files are combined here.
 */
async function loadEngine(): Promise<EngineModule> {
  const folder = dirname(createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm'));
  const glue = (await import(pathToFileURL(join(folder, 'schema_engine_bg.js')).href)) as EngineModule;
  const bytes = await readFile(join(folder, 'schema_engine_bg.wasm'));
  const { instance } = await instantiate(bytes, { './schema_engine_bg.js': glue });
  glue.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();
  return glue;
}

/** Runs `work` with a schema engine on the database, and frees it afterwards. */
export async function withSchemaEngine<T>(
  databaseUrl: string,
  datamodel: string | null,
  work: (engine: Engine.SchemaEngine) => Promise<T>,
): Promise<T> {
  shared.cvaultSchemaEngine ??= loadEngine();
  const { SchemaEngine } = await shared.cvaultSchemaEngine;
  // Our own pool, because the engine leaves connections open. PostgreSQL ending one without a listener would end
  // the process.
  const pool = new pg.Pool({ ...sessionOf(databaseUrl), application_name: 'cvault schema', max: 2 });
  pool.on('error', () => undefined);
  try {
    const engine = await SchemaEngine.new(
      { datamodels: datamodel === null ? undefined : [['schema.prisma', datamodel]] },
      () => undefined,
      bindMigrationAwareSqlAdapterFactory(new PrismaPg(pool)),
    );
    try {
      return await work(engine);
    } finally {
      engine.free();
    }
  } finally {
    await pool.end();
  }
}
