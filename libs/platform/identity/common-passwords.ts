/**
 * Stems that guessers try first, from the recurring heads of published breach lists and from this trade. A password that is nothing but
 * these, digits and punctuation is refused however long it is.
 */
export const COMMON_STEMS: readonly string[] = [
  'password', 'passwort', 'passcode', 'passphrase', 'pass', 'welcome', 'letmein', 'login', 'access', 'secret', 'changeme', 'default',
  'qwertyuiop', 'qwerty', 'qwertz', 'azerty', 'asdfghjkl', 'asdfgh', 'asdf', 'zxcvbnm', 'zxcvbn', 'qazwsx', 'wsxedc', 'qweasd',
  'admin', 'administrator', 'root', 'user', 'guest', 'test', 'testing', 'demo', 'sample', 'example', 'hello', 'whatever', 'trustno',
  'iloveyou', 'loveyou', 'lovely', 'love', 'forever', 'monkey', 'dragon', 'shadow', 'master', 'superman', 'batman', 'starwars', 'pokemon',
  'football', 'baseball', 'basketball', 'soccer', 'hockey', 'liverpool', 'chelsea', 'arsenal', 'barcelona', 'yankees', 'cowboys',
  'sunshine', 'princess', 'flower', 'butterfly', 'chocolate', 'cheese', 'cookie', 'pepper', 'ginger', 'buster', 'hunter', 'killer',
  'michael', 'michelle', 'jennifer', 'jessica', 'ashley', 'amanda', 'charlie', 'thomas', 'robert', 'daniel', 'andrew', 'jordan', 'george',
  'summer', 'winter', 'spring', 'autumn', 'january', 'february', 'march', 'april', 'june', 'july', 'august', 'september', 'october',
  'november', 'december', 'monday', 'friday', 'sunday', 'computer', 'internet', 'samsung', 'google', 'facebook', 'apple', 'microsoft',
  'bitcoin', 'ethereum', 'crypto', 'satoshi', 'nakamoto', 'blockchain', 'wallet', 'hodl', 'tothemoon', 'lambo', 'coin', 'money', 'dollar',
  'strongroom', 'bank', 'account', 'mine', 'the', 'and', 'my', 'is', 'correcthorsebatterystaple', 'abcdefghijklm', 'abcdef', 'abc',
]; // prettier-ignore
