declare const CVAULT_AGENT_VERSION: string | undefined;

/** Set from package.json when the agent is bundled. */
export const AGENT_VERSION = typeof CVAULT_AGENT_VERSION === 'undefined' ? 'source' : CVAULT_AGENT_VERSION;
