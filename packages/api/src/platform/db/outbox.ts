/** SQL that has VPN servers hear of devices. Whatever changes what a VPN server has to carry uses it: it is the only way into the outbox. */

interface Entries {
  /** The condition that chooses among the devices; absent: all of them. */
  readonly where?: string;
  /** The VPN server that has to hear; absent: the one that the device is on. */
  readonly serverId?: string;
  /**
   * The statement's parameter for the milliseconds that the entry is left to the request that writes it, which pushes the change
   * itself. Absent: it is due at once.
   */
  readonly afterMs?: string | undefined;
}

/**
 * The CTE `queued`: an outbox entry for each device of `from`, a relation that has the devices as they are after their change.
 * Several are for a change that more than one VPN server has to hear of.
 */
export function queued(from: string, ...each: readonly Entries[]): string {
  const rows = (each.length === 0 ? [{}] : each).map(({ where, serverId = 'server_id', afterMs }) => {
    // The column has whole milliseconds. PostgreSQL would round half of them up, and a replica that is woken would find nothing due.
    const due =
      afterMs === undefined
        ? "date_trunc('milliseconds', now())"
        : `now() + ${afterMs} * interval '1 millisecond'`;
    return `SELECT tenant_id, ${serverId}, id, generation, ${due} FROM ${from}${where === undefined ? '' : ` WHERE ${where}`}`;
  });
  return `queued AS (
  INSERT INTO outbox (tenant_id, server_id, device_id, generation, not_before)
  ${rows.join('\n  UNION ALL ')}
)`;
}
