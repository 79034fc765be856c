/** The interface that this agent's epoch is about is gone; what the agent knows is worth nothing any more. */
export class InterfaceLost extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'InterfaceLost';
  }
}
