export { LINK_HOURS, type LinkPurpose, generateLinkToken, linkTo, readAppUrl } from './link.ts';
export type { LinkStore, MailUser } from './ports.ts';
export { createLinkStore } from './store.ts';
