import { type INestApplicationContext } from '@nestjs/common';
import { MetadataScanner, ModulesContainer } from '@nestjs/core';
import { ACCESS } from './access.js';

const PATH = 'path';

export class UndeclaredAccess extends Error {}

/** Deny by default, at start-up already. @throws UndeclaredAccess naming every operation whose audience nobody declared. */
export function requireDeclaredAccess(app: INestApplicationContext): void {
  const undeclared: string[] = [];
  const scanner = new MetadataScanner();
  for (const module of app.get(ModulesContainer).values()) {
    for (const { metatype } of module.controllers.values()) {
      if (!metatype) continue;
      const prototype = metatype.prototype as Record<string, object>;
      for (const name of scanner.getAllMethodNames(prototype)) {
        const handler = prototype[name];
        if (handler === undefined || !Reflect.hasMetadata(PATH, handler)) continue;
        if (!Reflect.hasMetadata(ACCESS, handler) && !Reflect.hasMetadata(ACCESS, metatype))
          undeclared.push(`${metatype.name}.${name}`);
      }
    }
  }
  if (undeclared.length > 0)
    throw new UndeclaredAccess(`these operations declare no @Access: ${undeclared.join(', ')}`);
}
