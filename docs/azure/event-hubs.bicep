// A namespace, an event hub for one log, a consumer group for each reader that speaks AMQP, and the roles of a relay. Keys
// are off: programs sign in by Entra ID. Readers that speak Kafka, ours among them, need no consumer group.
param location string = resourceGroup().location

@minLength(6)
@maxLength(50)
param namespaceName string
param hubName string = 'shop'

@description('Standard has no transactions; Premium has them in preview.')
@allowed([
  'Standard'
  'Premium'
])
param tier string = 'Standard'

@description('Throughput units of Standard, processing units of Premium.')
param capacity int = 1

@description('Standard grows to so many throughput units by itself.')
param maximumThroughputUnits int = 4

@description('Never changed later: another count tears the events of a stream apart.')
@minValue(1)
@maxValue(32)
param partitionCount int = 4

@description('Standard: 168 at most. Premium: 2160.')
param retentionHours int = 48

@description('Names of consumer groups for readers that speak AMQP.')
param consumerGroups array = []

@description('Object id of the identity of the relay, which sends, and reads the ends of the hub.')
param relayId string

@description('Object ids of the identities that only read.')
param readerIds array = []

var isStandard = tier == 'Standard'
var sender = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '2b629674-e913-4c01-ae53-ef4638d8f975')
var receiver = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'a638d3c7-ab3a-418d-83e6-5f17a39d4fde')

resource namespace 'Microsoft.EventHub/namespaces@2024-01-01' = {
  name: namespaceName
  location: location
  sku: {
    name: tier
    tier: tier
    capacity: capacity
  }
  properties: {
    disableLocalAuth: true
    kafkaEnabled: true
    minimumTlsVersion: '1.2'
    isAutoInflateEnabled: isStandard
    maximumThroughputUnits: isStandard ? maximumThroughputUnits : 0
  }
}

// Delete, not Compact: a compacted hub forgets events of a stream and keeps others, and relay and readers refuse it
resource hub 'Microsoft.EventHub/namespaces/eventhubs@2024-01-01' = {
  parent: namespace
  name: hubName
  properties: {
    partitionCount: partitionCount
    retentionDescription: {
      cleanupPolicy: 'Delete'
      retentionTimeInHours: retentionHours
    }
  }
}

resource groups 'Microsoft.EventHub/namespaces/eventhubs/consumergroups@2024-01-01' = [for name in consumerGroups: {
  parent: hub
  name: name
}]

resource relaySends 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(hub.id, relayId, sender)
  scope: hub
  properties: {
    principalId: relayId
    roleDefinitionId: sender
  }
}

resource relayReads 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(hub.id, relayId, receiver)
  scope: hub
  properties: {
    principalId: relayId
    roleDefinitionId: receiver
  }
}

resource readersRead 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for id in readerIds: {
  name: guid(hub.id, id, receiver)
  scope: hub
  properties: {
    principalId: id
    roleDefinitionId: receiver
  }
}]

output bus string = 'eventhubs://${namespaceName}/${hubName}'
