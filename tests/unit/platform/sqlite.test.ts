import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Database } from '../../../electron/platform/sqlite.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

test('a transaction that throws leaves nothing, one that returns leaves all', () => {
  const database = new Database(':memory:')
  database.exec('CREATE TABLE t (a INTEGER) STRICT')
  expect(() =>
    database.transaction(() => {
      database.run('INSERT INTO t VALUES (?)', 1)
      throw new Error('no')
    }),
  ).toThrow('no')
  expect(database.all('SELECT * FROM t')).toEqual([])
  database.transaction(() => database.run('INSERT INTO t VALUES (?), (?)', 1, 2))
  expect(database.get('SELECT count(*) AS n FROM t')).toEqual({ n: 2 })
  database.dispose()
  database.dispose()
})

test('new columns are seen after DDL by statements used before', () => {
  const database = new Database(':memory:')
  database.exec('CREATE TABLE t (a INTEGER)')
  database.run('INSERT INTO t VALUES (1)')
  expect(database.get('SELECT * FROM t')).toEqual({ a: 1 })
  database.exec('ALTER TABLE t ADD COLUMN b TEXT DEFAULT \'x\'')
  expect(database.get('SELECT * FROM t')).toEqual({ a: 1, b: 'x' })
  database.dispose()
})

test('data and version outlive the connection', () => {
  const path = join(temporaryFolder(), 'ä b.sqlite')
  const first = new Database(path)
  first.exec('CREATE TABLE t (a BLOB)')
  first.run('INSERT INTO t VALUES (?)', new Uint8Array([1, 2]))
  first.userVersion = 7
  first.dispose()
  const second = new Database(path)
  expect(second.userVersion).toBe(7)
  expect(second.get('SELECT a FROM t')).toEqual({ a: new Uint8Array([1, 2]) })
  second.dispose()
})
