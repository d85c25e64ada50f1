import { Module } from '@nestjs/common';
import { AuthController } from './auth.controller.js';
import { CredentialsController } from './credentials.controller.js';
import { CustomersController } from './customers.controller.js';
import { OperatorsController } from './operators.controller.js';
import { StepUpController } from './step-up.controller.js';

@Module({
  controllers: [AuthController, CredentialsController, CustomersController, OperatorsController, StepUpController],
})
export class IdentityHttpModule {}
