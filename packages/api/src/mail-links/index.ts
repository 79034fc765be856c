/** What is used from outside this folder. */
export { LINK_HOURS, type LinkPurpose, generateLinkToken, linkTo } from './link.ts';
export {
  type ClaimedMail,
  type LinkStore,
  type MailOutbox,
  type MailUser,
  type NewSignUp,
  recipientCell,
} from './ports.ts';
export { type RecoveryService, createRecoveryService } from './service.ts';
export { linkRoutes } from './routes.ts';
export { ChangeSignInSettings, SignInSettingsResource } from './schemas.ts';
export { createLinkStore } from './store.ts';
