// A search service for the indexes of tables, and the two roles of the identity that fills them. Keys are off: programs
// sign in by Entra ID.
param location string = resourceGroup().location
param serviceName string

@description('Object id of the identity that runs eventfold.')
param principalId string

@description('Tier; free has room for three indexes and no replicas.')
@allowed(['free', 'basic', 'standard', 'standard2', 'standard3'])
param tier string = 'basic'

@minValue(1)
@maxValue(12)
param replicas int = 1

resource service 'Microsoft.Search/searchServices@2023-11-01' = {
  name: serviceName
  location: location
  sku: {
    name: tier
  }
  properties: {
    replicaCount: replicas
    partitionCount: 1
    hostingMode: 'default'
    disableLocalAuth: true
  }
}

// makes indexes and aliases
resource makesIndexes 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(service.id, principalId, 'service')
  scope: service
  properties: {
    principalId: principalId
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7ca78c08-252a-4471-8644-bb5ff32d4ba0')
  }
}

// sends documents and searches
resource sendsDocuments 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(service.id, principalId, 'documents')
  scope: service
  properties: {
    principalId: principalId
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '8ebe5a00-799e-43f5-93ac-243d3dce84a7')
  }
}

output search string = 'aisearch://${service.name}.search.windows.net'
