package es

import "reflect"

// shape is what a Go type asks of a value, worked out once. A scan of a body by its
// shape tells, in most cases, that the body is complete, and allocates nothing. Where it
// cannot tell, checkComplete does, and says what is missing.
type shape struct {
	elements   *shape     // of a slice; nil for others
	properties []property // of a struct
	object     bool       // it is a struct
	needed     uint64     // those of the properties that may not be missing, a bit for each
}

type property struct {
	name  string
	shape *shape
}

// mostProperties are as many as have a bit in a scan's note of what it has seen.
const mostProperties = 64

// shapeOf makes the shape of a type; those that were begun are in known, since a type
// may contain itself.
func shapeOf(t reflect.Type, known map[reflect.Type]*shape) *shape {
	if s, begun := known[t]; begun {
		return s
	}
	s := &shape{}
	known[t] = s
	switch t.Kind() {
	case reflect.Slice:
		s.elements = shapeOf(t.Elem(), known)
	case reflect.Struct:
		s.object = true
		for field := range t.Fields() {
			name, optional := propertyName(field)
			if name == "" {
				continue
			}
			if !optional {
				s.needed |= 1 << len(s.properties)
			}
			s.properties = append(s.properties, property{name, shapeOf(field.Type, known)})
		}
	default:
	}
	return s
}

// scan is one pass over a body that is known to be JSON.
type scan struct {
	body []byte
	at   int
}

// complete tells whether a body, which has to be JSON, is surely complete.
func (s *shape) complete(body []byte) bool {
	pass := scan{body: body}
	return pass.value(s)
}

// value passes over a value. It returns false where it cannot tell whether it is
// complete.
func (p *scan) value(s *shape) bool {
	switch c := p.next(); {
	case c == 'n':
		return false
	case c == '{' && s.object:
		return p.object(s)
	case c == '[' && s.elements != nil:
		return p.list(s.elements)
	default:
		p.skip(c)
		return true
	}
}

func (p *scan) list(elements *shape) bool {
	p.at++
	for p.next() != ']' {
		if !p.value(elements) {
			return false
		}
		if p.next() == ',' {
			p.at++
		}
	}
	p.at++
	return true
}

func (p *scan) object(s *shape) bool {
	if len(s.properties) > mostProperties {
		return false
	}
	var seen uint64
	expected := 0 // as it was written they come in the order of the fields
	p.at++
	for p.next() != '}' {
		name, plain := p.text()
		if !plain {
			return false
		}
		p.next() // the colon
		p.at++
		p.next()
		if i := s.find(name, expected); i < 0 {
			p.skip(p.body[p.at])
		} else {
			seen |= 1 << i // one that is there twice has to be complete each time
			if !p.value(s.properties[i].shape) {
				return false
			}
			expected = i + 1
		}
		if p.next() == ',' {
			p.at++
		}
	}
	p.at++
	return seen&s.needed == s.needed
}

// find returns the index of a property, below 0 if there is none, and looks at the
// expected one first.
func (s *shape) find(name []byte, expected int) int {
	if expected < len(s.properties) && s.properties[expected].name == string(name) {
		return expected
	}
	for i := range s.properties {
		if s.properties[i].name == string(name) {
			return i
		}
	}
	return -1
}

// next passes over white space and returns the byte behind it.
func (p *scan) next() byte {
	for p.body[p.at] <= ' ' {
		p.at++
	}
	return p.body[p.at]
}

// text passes over a text. It is plain if nothing in it is escaped.
func (p *scan) text() (text []byte, plain bool) {
	p.at++
	from := p.at
	plain = true
	for {
		switch p.body[p.at] {
		case '"':
			text = p.body[from:p.at]
			p.at++
			return text, plain
		case '\\':
			plain = false
			p.at++
		}
		p.at++
	}
}

// skip passes over a value that begins with a byte, whatever is in it.
func (p *scan) skip(begins byte) {
	switch begins {
	case '"':
		p.text()
	case '{', '[':
		for depth := 0; ; {
			switch p.body[p.at] {
			case '"':
				p.text()
				continue
			case '{', '[':
				depth++
			case '}', ']':
				depth--
			}
			p.at++
			if depth == 0 {
				return
			}
		}
	default:
		for p.at < len(p.body) {
			switch p.body[p.at] {
			case ',', '}', ']', ' ', '\t', '\n', '\r':
				return
			}
			p.at++
		}
	}
}
