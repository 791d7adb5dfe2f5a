package harness

import (
	"example.com/groupcheckout/stores/memory"
)

func (h *Harness) openMemory() (err error) {
	h.how, h.exact = "in this process", true
	if h.options.Virtual {
		h.how += ", in virtual time"
	}
	h.site = &site{tailPause: shortPause}
	h.site.backend, err = memory.New().Backend(h.options.System.Categories...)
	return err
}
