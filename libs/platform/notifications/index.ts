export { NotificationsModule } from './notifications.module.js';
export { registerEmailJobs } from './register-email-jobs.js';
export { DELIVER_EMAIL, SendEmail } from './send-email.js';
export { emailSealer } from './email-sealer.js';
export { listMailbox, SandboxMailbox, type ReceivedEmail } from './sandbox-mailbox.js';
export { SmtpMailer } from './smtp-mailer.js';
export { type Email, type Mailer } from './mailer.js';
