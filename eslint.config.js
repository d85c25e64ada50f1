import tseslint from 'typescript-eslint';

const floatsOnMoney = [
  {
    selector: "CallExpression[callee.name='parseFloat']",
    message: 'Amounts never pass through a float; parse with @core/money.',
  },
  {
    selector: "MemberExpression[object.name='Number'][property.name='parseFloat']",
    message: 'Amounts never pass through a float; parse with @core/money.',
  },
];

// What would make a replay differ: the cores get time, randomness and I/O handed in.
const ambient = [
  {
    selector: "MemberExpression[object.name='Math'][property.name='random']",
    message: 'The cores are deterministic: take randomness as an argument.',
  },
  {
    selector: "NewExpression[callee.name='Date'][arguments.length=0]",
    message: 'The cores are deterministic: take the time as an argument.',
  },
  {
    selector: "MemberExpression[object.name='Date'][property.name='now']",
    message: 'The cores are deterministic: take the time as an argument.',
  },
  {
    selector: 'CallExpression[callee.name=/^(setTimeout|setInterval|setImmediate|fetch)$/]',
    message: 'The cores do no I/O and keep no timers.',
  },
];

export default tseslint.config(
  { ignores: ['dist', 'node_modules', 'coverage', 'bench-results', '**/*.{js,cjs,mjs}'] },
  tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 80, skipBlankLines: true, skipComments: true }],
      'no-restricted-syntax': ['error', ...floatsOnMoney],
    },
  },
  {
    files: ['libs/core/**/*.ts'],
    ignores: ['**/*.spec.ts'],
    rules: { 'no-restricted-syntax': ['error', ...floatsOnMoney, ...ambient] },
  },
  {
    // A migration is one long SQL text.
    files: ['**/*.spec.ts', '**/testing/**/*.ts', 'prisma-free-migrations/**/*.ts'],
    rules: {
      '@typescript-eslint/unbound-method': 'off',
      'max-lines-per-function': 'off',
      'max-lines': 'off',
    },
  },
);
