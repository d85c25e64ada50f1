import { type DynamicModule, Module } from '@nestjs/common';
import { type Secret } from '@base/config';
import { AnchorSigner, FileAnchorStore } from '@platform/audit';
import { ANCHORS, AuditController } from './audit.controller.js';

@Module({})
export class AuditHttpModule {
  static of(options: { tokenKey: Secret; anchorFile: string }): DynamicModule {
    return {
      module: AuditHttpModule,
      controllers: [AuditController],
      providers: [
        { provide: AnchorSigner, useValue: new AnchorSigner(options.tokenKey) },
        { provide: ANCHORS, useValue: new FileAnchorStore(options.anchorFile) },
      ],
    };
  }
}
