export { InvalidInstallationInput, type InstallationInput } from './input.ts';
export { renderInstallation, renderRemoval } from './render.ts';
export { InstallationResult } from './result.ts';
