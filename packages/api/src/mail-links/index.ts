export { LINK_HOURS, type LinkPurpose, generateLinkToken, linkTo, readAppUrl } from './link.ts';
export {
  type ClaimedMail,
  type LinkStore,
  type MailOutbox,
  type MailUser,
  type NewSignUp,
  recipientColumn,
} from './ports.ts';
export { createLinkStore } from './store.ts';
