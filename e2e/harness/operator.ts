import { createTestDatabase, type TestDatabase } from '../../packages/api/src/testing/database.ts';
import { type Call, callAsAdmin } from './api-client.ts';
import { type Cli, createCli } from './cli.ts';
import {
  type ControlPlane,
  type ControlPlaneSecrets,
  makeSecrets,
  startControlPlane,
} from './control-plane.ts';

/** A control plane of one API process on its own database, with its operator's tools. */
export interface Operator {
  readonly database: TestDatabase;
  readonly secrets: ControlPlaneSecrets;
  readonly plane: ControlPlane;
  readonly cli: Cli;
  readonly admin: Call;
  stop(): Promise<void>;
}

export async function startOperator(settings: Readonly<Record<string, string>> = {}): Promise<Operator> {
  const database = await createTestDatabase();
  const secrets = makeSecrets();
  const plane = await startControlPlane(database.url.reveal(), secrets, settings);
  return {
    database,
    secrets,
    plane,
    cli: createCli(plane, secrets),
    admin: callAsAdmin(plane.baseUrl, secrets.CVAULT_ADMIN_KEY),
    async stop() {
      await plane.stop();
      await database.close();
    },
  };
}
