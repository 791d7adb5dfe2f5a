package faketable

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Size is what DynamoDB counts for an item, in bytes.
func Size(item Item) int {
	sum := 0
	for name, value := range item {
		sum += len(name) + valueSize(value)
	}
	return sum
}

func valueSize(value types.AttributeValue) int {
	const container, element = 3, 1
	switch value := value.(type) {
	case *types.AttributeValueMemberS:
		return len(value.Value)
	case *types.AttributeValueMemberN:
		return (len(value.Value)+1)/2 + 1
	case *types.AttributeValueMemberB:
		return len(value.Value)
	case *types.AttributeValueMemberL:
		sum := container
		for _, v := range value.Value {
			sum += element + valueSize(v)
		}
		return sum
	case *types.AttributeValueMemberM:
		sum := container
		for name, v := range value.Value {
			sum += element + len(name) + valueSize(v)
		}
		return sum
	}
	return 1
}

// writeUnits is one for each KB of the larger of an item before and after.
func writeUnits(before, after Item) float64 {
	return float64(max((max(Size(before), Size(after))+1023)/1024, 1))
}

// readUnits is half of one for each 4 KB, and twice that if it is consistent.
func readUnits(bytes int, consistent *bool) float64 {
	units := float64(max((bytes+4095)/4096, 1)) / 2
	if aws.ToBool(consistent) {
		units *= 2
	}
	return units
}

func capacity(units float64) *types.ConsumedCapacity {
	return &types.ConsumedCapacity{CapacityUnits: &units}
}
