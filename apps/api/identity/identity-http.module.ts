import { Module } from '@nestjs/common';
import { ApiKeysController } from './api-keys.controller.js';
import { AuthController } from './auth.controller.js';
import { MeController } from './me.controller.js';
import { PasswordController } from './password.controller.js';
import { SessionsController } from './sessions.controller.js';
import { StepUpController } from './step-up.controller.js';
import { TotpController } from './totp.controller.js';

@Module({
  controllers: [
    AuthController,
    PasswordController,
    TotpController,
    StepUpController,
    SessionsController,
    ApiKeysController,
    MeController,
  ],
})
export class IdentityHttpModule {}
