export { InvalidInstallationInput, type InstallationInput, type RemovalInput } from './input.ts';
export { renderInstallation, renderRemoval } from './render.ts';
export { InstallationResult } from './result.ts';
