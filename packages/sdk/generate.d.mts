/** The types of openapi.json, as src/generated/api.ts ought to hold them. */
export function renderTypes(): Promise<string>;
