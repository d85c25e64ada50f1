// The house's import directions (docs/architecture.md): apps → products → platform → base → core.
const forbid = (name, from, to) => ({ name, severity: 'error', from, to });
const layer = (name, mayNot) => forbid(`${name}-looks-down-only`, { path: `^libs/${name}/` }, { path: mayNot });

module.exports = {
  forbidden: [
    layer('core', '^(apps|libs/(base|platform|products))/'),
    layer('base', '^(apps|libs/(platform|products))/'),
    layer('platform', '^(apps|libs/products)/'),
    layer('products', '^apps/'),
    forbid(
      'products-are-islands',
      { path: '^libs/products/([^/]+)/' },
      { path: '^libs/products/', pathNot: '^libs/products/$1/' },
    ),
    forbid('apps-are-islands', { path: '^apps/([^/]+)/' }, { path: '^apps/', pathNot: '^apps/$1/' }),
    forbid('migrations-import-nothing', { path: '^prisma-free-migrations/' }, { path: '^(apps|libs)/' }),
    forbid(
      'core-has-no-io',
      { path: '^libs/core/', pathNot: '\\.spec\\.ts$|/testing/' },
      { dependencyTypes: ['core'], pathNot: '^(node:)?(assert|crypto)$' },
    ),
    forbid(
      'core-has-no-framework',
      { path: '^libs/core/' },
      { path: 'node_modules/(@nestjs|typeorm|pg|bullmq|ioredis|pino)/' },
    ),
    forbid(
      'signer-knows-no-users',
      { path: '^apps/signer/', pathNot: '\\.spec\\.ts$' },
      { path: '^libs/', pathNot: '^libs/(core/[^/]+|platform/keys|base/(config|observability))/' },
    ),
    forbid(
      'only-through-index',
      { path: '^(apps/[^/]+|libs/[^/]+/[^/]+)/' },
      { path: '^libs/[^/]+/[^/]+/', pathNot: '^$1/|^libs/[^/]+/[^/]+/(testing/)?index\\.ts$' },
    ),
    forbid(
      'testing-stays-in-tests',
      { path: '^(apps|libs)/', pathNot: '\\.spec\\.ts$|/testing/' },
      { path: '^libs/.*/testing/' },
    ),
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js'],
    },
  },
};
