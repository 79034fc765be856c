/** Bundles the agent into one file; answers its path. */
export function bundleAgent(options?: { outfile?: string }): Promise<string>;
