import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dumpedPairs } from '../../../src/servers/apache/dumped-pairs.ts'

test('dump: pairs of the server and of each virtual host, quotes and all', () => {
  const dump = `
# In file: /etc/apache2/apache2.conf
SSLCertificateFile /srv/main.pem
  #  12:
<VirtualHost *:443>
  SSLCertificateFile "/srv/a b.pem"
  sslcertificatekeyfile '/srv/a.key'
</VirtualHost>
<VirtualHost *:443>
  SSLCertificateFile /srv/ec.pem
  SSLCertificateFile /srv/rsa.pem
  SSLCertificateKeyFile /srv/ec.key
  SSLCertificateKeyFile /srv/rsa.key
</VirtualHost>
SSLCertificateKeyFile /srv/main.key
`
  assert.deepEqual(dumpedPairs(dump), [
    { certificate: '/srv/main.pem', key: '/srv/main.key' },
    { certificate: '/srv/a b.pem', key: '/srv/a.key' },
    { certificate: '/srv/ec.pem', key: '/srv/ec.key' },
    { certificate: '/srv/rsa.pem', key: '/srv/rsa.key' },
  ])
})

test('dump: no key file → the key is in the certificate’s file', () => {
  assert.deepEqual(dumpedPairs('SSLCertificateFile /srv/both.pem'), [
    { certificate: '/srv/both.pem', key: '/srv/both.pem' },
  ])
})

test('dump: nothing in it → no pairs', () => {
  assert.deepEqual(dumpedPairs('Syntax OK\n</VirtualHost>\n'), [])
})

test('dump: relative paths → below the server root; a token’s name → as it is', () => {
  const dump = `
SSLCertificateFile tls/main.pem
SSLCertificateKeyFile "pkcs11:token=main"
<VirtualHost *:443>
  SSLCertificateFile /srv/a.pem
  SSLCertificateKeyFile tls/a.key
</VirtualHost>
ServerRoot: "/etc/apache2"
Main DocumentRoot: "/var/www/html"
`
  assert.deepEqual(dumpedPairs(dump), [
    { certificate: '/etc/apache2/tls/main.pem', key: 'pkcs11:token=main' },
    { certificate: '/srv/a.pem', key: '/etc/apache2/tls/a.key' },
  ])
})
