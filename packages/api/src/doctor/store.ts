import type { ServerEvent } from '../servers/index.ts';
import type { Breach, Finding } from './finding.ts';
import type { DoctorStore } from './service.ts';
import type pg from 'pg';
import { CHECKS } from './checks.ts';

/** Findings per breach: enough to see the pattern, few enough to answer when everything is broken. */
const FINDINGS_MOST = 100;

interface FindingRow {
  server_id: string | null;
  tenant_id: string | null;
  subject: string;
  detail: string;
}

export function createDoctorStore({ pool }: { pool: Pick<pg.ClientBase, 'query'> }): DoctorStore {
  return {
    /** Sequential on one connection, to leave the others to requests. */
    async examine() {
      const findings: Finding[] = [];
      for (const [breach, query] of Object.entries(CHECKS) as [Breach, string][]) {
        const { rows } = await pool.query<FindingRow>(`${query} LIMIT ${FINDINGS_MOST}`);
        for (const { server_id, tenant_id, subject, detail } of rows) {
          findings.push({ breach, serverId: server_id, tenantId: tenant_id, subject, detail });
        }
      }
      return findings;
    },

    async repairs() {
      const { rows } = await pool.query<ServerEvent>(
        `SELECT e.id, e.at, e.type, e.server_id AS "serverId", s.name AS "serverName", e.code, e.detail
         FROM server_events e JOIN servers s ON s.id = e.server_id
         WHERE e.type = 'server.mended' AND e.at > now() - interval '24 hours' ORDER BY e.id DESC LIMIT 100`,
      );
      return rows;
    },

    async servers() {
      const { rows } = await pool.query<{ id: string }>(
        "SELECT id FROM servers WHERE state NOT IN ('provisioning', 'removed') AND public_key IS NOT NULL ORDER BY id",
      );
      return rows.map((row) => row.id);
    },
  };
}
