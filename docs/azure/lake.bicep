// An account with a hierarchical namespace, a container for one lake, and the roles of who writes and who reads. Keys are
// off: programs sign in by Entra ID. Deleted files can be brought back for a week.
param location string = resourceGroup().location

@minLength(3)
@maxLength(24)
param accountName string

@minLength(3)
@maxLength(63)
param containerName string = 'lake'

@description('Zones of one region, or one place in it.')
@allowed([
  'Standard_ZRS'
  'Standard_LRS'
])
param redundancy string = 'Standard_ZRS'

@description('Object id of the identity that publishes.')
param writerId string

@description('Object ids of the identities that only read.')
param readerIds array = []

var contributor = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'ba92f5b4-2d11-453d-a403-e96b0029c9fe')
var reader = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1')

resource account 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  name: accountName
  location: location
  kind: 'StorageV2'
  sku: {
    name: redundancy
  }
  properties: {
    isHnsEnabled: true
    allowSharedKeyAccess: false
    allowBlobPublicAccess: false
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
  }
}

resource service 'Microsoft.Storage/storageAccounts/blobServices@2023-05-01' = {
  parent: account
  name: 'default'
  properties: {
    deleteRetentionPolicy: {
      enabled: true
      days: 7
    }
  }
}

resource container 'Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01' = {
  parent: service
  name: containerName
  properties: {
    publicAccess: 'None'
  }
}

resource writing 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(container.id, writerId, contributor)
  scope: container
  properties: {
    roleDefinitionId: contributor
    principalId: writerId
  }
}

resource reading 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for id in readerIds: {
  name: guid(container.id, id, reader)
  scope: container
  properties: {
    roleDefinitionId: reader
    principalId: id
  }
}]

output lake string = 'abfss://${containerName}@${accountName}.dfs.${environment().suffixes.storage}/shop'
