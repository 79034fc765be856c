/** The interface of this agent's epoch is gone, so the agent's state is no longer valid. */
export class InterfaceLost extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'InterfaceLost';
  }
}
