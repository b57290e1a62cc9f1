SELECT c.reader FROM c WHERE c.id < 'note:'
